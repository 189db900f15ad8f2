//! Lines over an axis.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::scale::Scale;
use super::{GRID, INK, PALETTE};
use crate::ReportError;

/// A line of a plot.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is called; nothing when it is the only one.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
    /// Drawn in the background.
    pub thin: bool,
}

impl Line {
    /// A line; points that are no numbers are left out.
    pub fn new(name: &str, mut points: Vec<(f64, f64)>) -> Self {
        points.retain(|(x, y)| x.is_finite() && y.is_finite());
        Self { name: name.into(), points, thin: false }
    }

    /// The same in the background.
    #[must_use]
    pub fn thin(self) -> Self {
        Self { thin: true, ..self }
    }

    fn style(&self, index: usize) -> ShapeStyle {
        match self.thin {
            true => color(index).mix(0.35).stroke_width(1),
            false => color(index).stroke_width(2),
        }
    }
}

/// The colour of line number `index`.
fn color(index: usize) -> RGBColor {
    PALETTE[index % PALETTE.len()]
}

/// A plot of lines.
#[derive(Clone, Debug)]
pub struct LinePlot {
    /// What it shows.
    pub title: String,
    /// What is counted to the right.
    pub x_label: String,
    /// What is measured upwards.
    pub y_label: String,
    /// The lines.
    pub lines: Vec<Line>,
    /// Whether equal distances upwards are equal factors.
    pub log: bool,
    /// The same to the right; the axis is then marked where points are.
    pub log_x: bool,
}

/// What a plot is drawn on.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Pixels of the plot, and of the names beside it.
const SIZE: (u32, u32) = (700, 340);
const LEGEND: u32 = 180;

impl LinePlot {
    /// A plot of these lines, except empty ones.
    pub fn new(title: &str, x_label: &str, y_label: &str, mut lines: Vec<Line>) -> Self {
        lines.retain(|line| !line.points.is_empty());
        let [title, x_label, y_label] = [title, x_label, y_label].map(str::to_owned);
        Self { title, x_label, y_label, lines, log: false, log_x: false }
    }

    /// The same with a logarithmic axis; values that are not positive are left out.
    #[must_use]
    pub fn log(mut self) -> Self {
        for line in &mut self.lines {
            line.points.retain(|(_, y)| *y > 0.0);
        }
        self.lines.retain(|line| !line.points.is_empty());
        Self { log: true, ..self }
    }

    /// The same with a logarithmic axis to the right, marked where points are; values that are not
    /// positive are left out.
    #[must_use]
    pub fn log_x(mut self) -> Self {
        for line in &mut self.lines {
            line.points.retain(|(x, _)| *x > 0.0);
        }
        self.lines.retain(|line| !line.points.is_empty());
        Self { log_x: true, ..self }
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The plot as SVG.
    ///
    /// # Errors
    /// When it cannot be drawn.
    pub fn svg(&self) -> Result<String, ReportError> {
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|error| ReportError::Plot(error.to_string()))?;
        Ok(svg)
    }

    fn draw(&self, svg: &mut String) -> Drawn {
        let named = self.lines.iter().any(|line| !line.name.is_empty());
        let legend = if named { LEGEND } else { 0 };
        let root = SVGBackend::with_string(svg, (SIZE.0 + legend, SIZE.1)).into_drawing_area();
        root.fill(&WHITE)?;
        let (area, beside) = root.split_horizontally(SIZE.0);
        self.draw_chart(&area)?;
        // Beside the plot, where no line is covered.
        self.draw_names(&beside, |index| (4, 48 + 20 * index))?;
        root.present()?;
        drop((area, beside, root));
        Ok(())
    }

    /// The axes and the lines.
    pub(super) fn draw_chart(&self, area: &Area<'_>) -> Drawn {
        let x = self.range(|point| self.right(point.0));
        let y = self.range(|point| self.height(point.1));
        let marks = if self.log_x { self.marks() } else { Vec::new() };
        let caption = ("sans-serif", 16).into_font().color(&INK);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, caption)
            .margin(12)
            .x_label_area_size(42)
            .y_label_area_size(64)
            .build_cartesian_2d(
                Scale { from: x.0, to: x.1, log: self.log_x, marks },
                Scale { from: y.0, to: y.1, log: self.log, marks: Vec::new() },
            )?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(INK)
            .x_desc(&self.x_label)
            .y_desc(&self.y_label)
            .x_labels(8)
            .y_labels(6)
            .axis_desc_style(("sans-serif", 13).into_font().color(&INK))
            .label_style(("sans-serif", 12).into_font().color(&INK))
            .draw()?;
        for (index, line) in self.lines.iter().enumerate() {
            let points = line.points.iter().map(|&(x, y)| (self.right(x), self.height(y)));
            // A line of one point would not be seen.
            let dots: Vec<_> =
                if line.points.len() == 1 { points.clone().collect() } else { Vec::new() };
            chart.draw_series(LineSeries::new(points, line.style(index)))?;
            let dot = |at| Circle::new(at, 3, color(index).filled());
            chart.draw_series(dots.into_iter().map(dot))?;
        }
        Ok(())
    }

    /// What the lines are called, each from a corner `at` on.
    pub(super) fn draw_names(&self, area: &Area<'_>, at: impl Fn(i32) -> (i32, i32)) -> Drawn {
        let label = ("sans-serif", 12).into_font().color(&INK);
        for (index, line) in self.lines.iter().enumerate() {
            let (x, y) = at(index as i32);
            if !line.name.is_empty() {
                area.draw(&PathElement::new(vec![(x, y), (x + 20, y)], line.style(index)))?;
                area.draw(&Text::new(line.name.clone(), (x + 26, y - 6), label.clone()))?;
            }
        }
        Ok(())
    }

    /// Where points stand to the right, each place once.
    fn marks(&self) -> Vec<f64> {
        let places = self.lines.iter().flat_map(|line| &line.points).map(|point| point.0.log10());
        let mut places: Vec<_> = places.collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        places
    }

    /// Where a value stands to the right: itself, or its power of ten.
    fn right(&self, value: f64) -> f64 {
        if self.log_x { value.log10() } else { value }
    }

    /// The same upwards.
    fn height(&self, value: f64) -> f64 {
        if self.log { value.log10() } else { value }
    }

    /// The extent of something of all points, a little wider; never empty.
    fn range(&self, of: impl Fn(&(f64, f64)) -> f64) -> (f64, f64) {
        let values = || self.lines.iter().flat_map(|line| line.points.iter().map(&of));
        let low = values().fold(f64::INFINITY, f64::min);
        let high = values().fold(f64::NEG_INFINITY, f64::max);
        if !(low.is_finite() && high.is_finite()) {
            return (0.0, 1.0);
        }
        let margin = if high > low { 0.04 * (high - low) } else { 0.5 * low.abs().max(1.0) };
        (low - margin, high + margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_its_words_and_lines() {
        let line = |name| Line::new(name, vec![(0.0, 1.0), (1.0, 1e-3), (2.0, f64::NAN)]);
        let plot = LinePlot::new("the <title>", "steps", "norm", vec![line("rnn"), line("lstm")]);
        let svg = plot.log().svg().unwrap();
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"), "{svg}");
        for word in ["the &lt;title&gt;", "steps", "norm", "rnn", "lstm", "0.001", "#0072B2"] {
            assert!(svg.contains(word), "{word} in {svg}");
        }
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn a_logarithmic_axis_to_the_right_is_marked_where_points_are() {
        let line = Line::new("", vec![(0.0, 1.0), (64.0, 1.0), (512.0, 3.0), (2048.0, 5.0)]);
        let svg = LinePlot::new("", "width", "ms", vec![line]).log_x().svg().unwrap();
        let marks: Vec<_> =
            svg.lines().map(str::trim).filter(|l| l.parse::<f64>().is_ok()).collect();
        for mark in ["64", "512", "2048"] {
            assert!(marks.contains(&mark), "{mark} in {marks:?}");
        }
        assert!(!marks.contains(&"0"), "{marks:?}");
    }

    #[test]
    fn what_has_no_points_is_empty_and_one_point_is_drawn() {
        let none = Line::new("", vec![(1.0, f64::INFINITY)]);
        assert!(LinePlot::new("", "", "", vec![none]).is_empty());
        let negative = LinePlot::new("", "", "", vec![Line::new("", vec![(1.0, -1.0)])]);
        assert!(negative.log().is_empty());
        let one = LinePlot::new("", "", "", vec![Line::new("a", vec![(3.0, 5.0)])]);
        assert!(one.svg().unwrap().contains("<circle"));
    }
}
