//! Lines over an axis: what a plot is made of.

use super::chart;
use super::scale::Scale;
use crate::ReportError;

/// What a line means. One meaning has one color, whatever the plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Something of the training items.
    Training,
    /// Something of the validation items.
    Validation,
    /// What needs no learning.
    Baseline,
    /// The only one of its plot, such as a learning rate.
    Alone,
    /// One of several that are alike, such as runs; its number decides its color.
    Number(usize),
}

/// A line of a plot.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is called; nothing when it is the only one.
    pub name: String,
    /// Its points, from left to right. At a NaN or an infinite one the line is broken.
    pub points: Vec<(f64, f64)>,
    /// Drawn in the background.
    pub thin: bool,
    /// Drawn with dashes and gaps of so many pixels.
    pub dashes: Option<(i32, i32)>,
    /// What it means; its place among the lines of the plot decides when this is not said.
    pub meaning: Option<Meaning>,
}

/// The largest size of a number that is drawn: sums and differences of these are finite.
const LARGEST: f64 = 1e300;

impl Line {
    /// A line through these points.
    pub fn new(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, thin: false, dashes: None, meaning: None }
    }

    /// The same in the background.
    #[must_use]
    pub fn thin(self) -> Self {
        Self { thin: true, ..self }
    }

    /// The same with dashes and gaps of so many pixels.
    #[must_use]
    pub fn dashed(self, dash: i32, gap: i32) -> Self {
        Self { dashes: Some((dash, gap)), ..self }
    }

    /// The same with a meaning.
    #[must_use]
    pub fn of(self, meaning: Meaning) -> Self {
        Self { meaning: Some(meaning), ..self }
    }

    /// Whether a point can be drawn.
    fn is_number(point: &(f64, f64)) -> bool {
        point.0.abs() <= LARGEST && point.1.abs() <= LARGEST
    }

    /// The points that can be drawn.
    pub(super) fn numbers(&self) -> impl Iterator<Item = &(f64, f64)> {
        self.points.iter().filter(|point| Self::is_number(point))
    }

    /// The pieces of the line between points that cannot be drawn.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &[(f64, f64)]> {
        self.points.split(|point| !Self::is_number(point)).filter(|piece| !piece.is_empty())
    }
}

/// A place along the horizontal axis that has a name, such as the best epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Where it is.
    pub x: f64,
    /// What it is called.
    pub name: String,
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
    /// Places that have a name.
    pub marks: Vec<Mark>,
    /// Whether equal distances upwards are equal factors.
    pub log: bool,
    /// The same to the right; the axis is then marked where points are.
    pub log_x: bool,
    /// What was left out, for a line under the plot.
    pub note: Option<String>,
}

/// Marks along the axes.
const MARKS: (usize, usize) = (8, 6);
/// The share of a plot's height that the name of a mark takes.
const HEADROOM: f64 = 0.055;
/// The factor between the smallest and the largest value from which an axis is logarithmic.
const DECADES: f64 = 100.0;

impl LinePlot {
    /// A plot of these lines, except empty ones. Where values are NaN or infinite the line has a
    /// gap, and the plot says how many there are.
    pub fn new(title: &str, x_label: &str, y_label: &str, mut lines: Vec<Line>) -> Self {
        lines.retain(|line| !line.points.is_empty());
        let [title, x_label, y_label] = [title, x_label, y_label].map(str::to_owned);
        let total: usize = lines.iter().map(|line| line.points.len()).sum();
        let shown: usize = lines.iter().map(|line| line.numbers().count()).sum();
        let note = (shown < total).then(|| {
            format!("{} of {total} values are NaN, infinite or above 1e300", total - shown)
        });
        let (marks, log, log_x) = (Vec::new(), false, false);
        Self { title, x_label, y_label, lines, marks, log, log_x, note }
    }

    /// The same with a logarithmic axis; values that are not positive are left out.
    #[must_use]
    pub fn log(mut self) -> Self {
        let mut zeros = 0;
        for line in &mut self.lines {
            let before = line.points.len();
            // What is no number is a gap, and counted already.
            line.points.retain(|point| point.1 > 0.0 || !Line::is_number(point));
            zeros += before - line.points.len();
        }
        self.lines.retain(|line| !line.points.is_empty());
        if zeros > 0 {
            let zeros = format!("{zeros} values are not above 0: this axis has no place for them");
            self.note = Some(self.note.map_or(zeros.clone(), |note| format!("{note} · {zeros}")));
        }
        Self { log: true, ..self }
    }

    /// The same with a logarithmic axis where the values ask for it: when none is negative and the
    /// largest is more than a hundred times the smallest positive one.
    #[must_use]
    pub fn log_where_it_helps(self) -> Self {
        let values = || self.lines.iter().flat_map(Line::numbers).map(|point| point.1);
        let positive = || values().filter(|value| *value > 0.0);
        let (low, high) = (positive().fold(f64::MAX, f64::min), positive().fold(0.0, f64::max));
        let wide = high / DECADES > low;
        if wide && values().all(|value| value >= 0.0) { self.log() } else { self }
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

    /// The same with places that have a name.
    #[must_use]
    pub fn marked(self, marks: Vec<Mark>) -> Self {
        Self { marks, ..self }
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
        chart::draw(self, &mut svg).map_err(|error| ReportError::Plot(error.to_string()))?;
        Ok(svg)
    }

    /// The horizontal axis.
    pub(super) fn x_scale(&self) -> Scale {
        let places = || self.numbers().map(|point| self.right(point.0));
        let marks = self.marks.iter().map(|mark| self.right(mark.x)).filter(|x| x.is_finite());
        let (from, to) = extent(places().chain(marks), self.log_x);
        if self.log_x {
            let mut places: Vec<_> = places().collect();
            places.sort_by(f64::total_cmp);
            places.dedup();
            return Scale::log(from, to, MARKS.0, places);
        }
        // Epochs and steps are whole, where there are a few of them.
        Scale::linear(from, to, MARKS.0, if to - from > 3.0 { 1.0 } else { 0.0 })
    }

    /// The vertical axis.
    pub(super) fn y_scale(&self) -> Scale {
        let (from, mut to) = extent(self.numbers().map(|point| self.height(point.1)), self.log);
        // Room for the names of marks above the lines.
        to += HEADROOM * (to - from) * self.marks.len() as f64;
        match self.log {
            true => Scale::log(from, to, MARKS.1, Vec::new()),
            false => Scale::linear(from, to, MARKS.1, 0.0),
        }
    }

    fn numbers(&self) -> impl Iterator<Item = &(f64, f64)> {
        self.lines.iter().flat_map(Line::numbers)
    }

    /// Where a value stands to the right: itself, or its power of ten.
    pub(super) fn right(&self, value: f64) -> f64 {
        if self.log_x { value.log10() } else { value }
    }

    /// The same upwards.
    pub(super) fn height(&self, value: f64) -> f64 {
        if self.log { value.log10() } else { value }
    }
}

/// The extent of an axis: that of the values, a little wider. A single value stands in its middle.
fn extent(values: impl Iterator<Item = f64>, log: bool) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if !(low.is_finite() && high.is_finite()) {
        return (0.0, 1.0);
    }
    let size = low.abs().max(high.abs());
    let margin = match high - low {
        // Differences near the last digit are none.
        range if range > 1e-9 * size => 0.04 * range,
        _ if log || size == 0.0 => 0.5,
        _ => 0.5 * size,
    };
    (low - margin, high + margin)
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
