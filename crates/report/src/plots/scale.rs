//! The numbers along an axis and where they are marked.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// Numbers along an axis, or the exponents of powers of ten.
#[derive(Clone)]
pub(super) struct Scale {
    pub(super) from: f64,
    pub(super) to: f64,
    /// Equal distances are equal factors.
    pub(super) log: bool,
    /// Where it is marked; at round numbers when there are none.
    pub(super) marks: Vec<f64>,
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.from) / (self.to - self.from);
        limit.0 + (f64::from(limit.1 - limit.0) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if !self.marks.is_empty() {
            return self.marks.clone();
        }
        let most = hint.max_num_points().clamp(2, 8);
        match self.log {
            false => ticks(self.from, self.to, most, 0.0),
            // Whole powers of ten, where the axis has some; else 1, 2 and 5 times these, or round
            // numbers.
            true if self.to - self.from > 2.0 => ticks(self.from, self.to, most, 1.0),
            true if self.to - self.from > 0.7 => self.ones_twos_fives(),
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

impl Scale {
    fn ones_twos_fives(&self) -> Vec<f64> {
        let powers = self.from.floor() as i32..=self.to.floor() as i32;
        let each = |power| [1.0, 2.0, 5.0].map(|factor: f64| f64::from(power) + factor.log10());
        powers.flat_map(each).filter(|mark| (self.from..=self.to).contains(mark)).collect()
    }
}

impl ValueFormatter<f64> for Scale {
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
    fn one_or_two_powers_of_ten_are_marked_in_between() {
        let scale = Scale { from: -0.4, to: 1.2, log: true, marks: Vec::new() };
        let marks: Vec<_> = scale.ones_twos_fives().into_iter().map(power).collect();
        assert_eq!(marks, ["0.5", "1", "2", "5", "10"]);
    }

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
}
