//! Lines over an axis.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;

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
}

/// Pixels of the plot, and of the names beside it.
const SIZE: (u32, u32) = (700, 340);
const LEGEND: u32 = 180;

impl LinePlot {
    /// A plot of these lines, except empty ones.
    pub fn new(title: &str, x_label: &str, y_label: &str, mut lines: Vec<Line>) -> Self {
        lines.retain(|line| !line.points.is_empty());
        let [title, x_label, y_label] = [title, x_label, y_label].map(str::to_owned);
        Self { title, x_label, y_label, lines, log: false }
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

    fn draw(&self, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let named = self.lines.iter().any(|line| !line.name.is_empty());
        let legend = if named { LEGEND } else { 0 };
        let root = SVGBackend::with_string(svg, (SIZE.0 + legend, SIZE.1)).into_drawing_area();
        root.fill(&WHITE)?;
        let (area, beside) = root.split_horizontally(SIZE.0);
        let (x, y) = (self.range(|point| point.0), self.range(|point| self.height(point.1)));
        let caption = ("sans-serif", 16).into_font().color(&INK);
        let mut chart = ChartBuilder::on(&area)
            .caption(&self.title, caption)
            .margin(12)
            .x_label_area_size(42)
            .y_label_area_size(64)
            .build_cartesian_2d(x.0..x.1, Upwards { from: y.0, to: y.1, log: self.log })?;
        let label = ("sans-serif", 12).into_font().color(&INK);
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(INK)
            .x_desc(&self.x_label)
            .y_desc(&self.y_label)
            .x_labels(8)
            .y_labels(6)
            .x_label_formatter(&|x| number(*x))
            .axis_desc_style(("sans-serif", 13).into_font().color(&INK))
            .label_style(label.clone())
            .draw()?;
        for (index, line) in self.lines.iter().enumerate() {
            let color = PALETTE[index % PALETTE.len()];
            let style = match line.thin {
                true => color.mix(0.35).stroke_width(1),
                false => color.stroke_width(2),
            };
            let points = line.points.iter().map(|&(x, y)| (x, self.height(y)));
            // A line of one point would not be seen.
            let dots: Vec<_> =
                if line.points.len() == 1 { points.clone().collect() } else { Vec::new() };
            chart.draw_series(LineSeries::new(points, style))?;
            // Beside the plot, where no line is covered.
            let y = 48 + 20 * index as i32;
            if !line.name.is_empty() {
                beside.draw(&PathElement::new(vec![(4, y), (24, y)], style))?;
                beside.draw(&Text::new(line.name.clone(), (30, y - 6), label.clone()))?;
            }
            chart.draw_series(dots.into_iter().map(|at| Circle::new(at, 3, color.filled())))?;
        }
        root.present()?;
        drop((chart, area, beside, root));
        Ok(())
    }

    /// Where a value stands: itself, or its power of ten.
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

/// The axis upwards: numbers, or powers of ten.
#[derive(Clone)]
struct Upwards {
    from: f64,
    to: f64,
    log: bool,
}

impl Ranged for Upwards {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.from) / (self.to - self.from);
        limit.0 + (f64::from(limit.1 - limit.0) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let most = hint.max_num_points().clamp(2, 8);
        match self.log {
            false => ticks(self.from, self.to, most, 0.0),
            // Whole powers of ten, where the axis has some; else round numbers.
            true if self.to - self.from > 2.0 => ticks(self.from, self.to, most, 1.0),
            true => {
                let values = ticks(10f64.powf(self.from), 10f64.powf(self.to), most, 0.0);
                values.into_iter().filter(|value| *value > 0.0).map(f64::log10).collect()
            }
        }
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Upwards {
    fn format_ext(&self, value: &f64) -> String {
        if self.log { power(*value) } else { number(*value) }
    }
}

/// At most `most` round numbers from `from` to `to`, at least `least` apart.
fn ticks(from: f64, to: f64, most: usize, least: f64) -> Vec<f64> {
    let rough = (to - from) / most as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(10.0 * power)
        .max(least);
    let (first, last) = ((from / step).ceil() as i64, (to / step).floor() as i64);
    (first..=last).map(|index| index as f64 * step).collect()
}

/// A power of ten for people: `0.01`, `1e-7`.
fn power(exponent: f64) -> String {
    if exponent.abs() < 3.5 { number(10f64.powf(exponent)) } else { format!("1e{exponent:.0}") }
}

/// A number for people: `0.25`, `1e-7`.
fn number(value: f64) -> String {
    let size = value.abs();
    if size < 1e-12 {
        return "0".into();
    }
    if !(1e-3..1e5).contains(&size) {
        return format!("{value:.0e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0.03, 0.97, 6, 0.0), [0.2, 0.4, 0.6000000000000001, 0.8]);
        assert_eq!(ticks(-7.3, 0.4, 8, 1.0), [-7.0, -6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0]);
        assert_eq!(number(0.6000000000000001), "0.6");
        assert_eq!((power(-2.0), power(-25.0)), ("0.01".into(), "1e-25".into()));
        assert_eq!(
            (number(1e-7), number(12000.0), number(-0.25)),
            ("1e-7".into(), "12000".into(), "-0.25".into())
        );
    }

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
    fn what_has_no_points_is_empty_and_one_point_is_drawn() {
        let none = Line::new("", vec![(1.0, f64::INFINITY)]);
        assert!(LinePlot::new("", "", "", vec![none]).is_empty());
        let negative = LinePlot::new("", "", "", vec![Line::new("", vec![(1.0, -1.0)])]);
        assert!(negative.log().is_empty());
        let one = LinePlot::new("", "", "", vec![Line::new("a", vec![(3.0, 5.0)])]);
        assert!(one.svg().unwrap().contains("<circle"));
    }
}
