//! The numbers along an axis and where they are marked.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// An axis: numbers, or the exponents of powers of ten.
#[derive(Clone)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    marks: Vec<f64>,
    labels: Vec<String>,
}

impl Scale {
    /// An axis from `from` to `to` with at most `most` marks at round numbers, at least `least`
    /// apart.
    pub(super) fn linear(from: f64, to: f64, most: usize, least: f64) -> Self {
        let marks = ticks(from, to, most, least);
        let labels = labels(&marks);
        Self { from, to, marks, labels }
    }

    /// An axis on which equal distances are equal factors, from `10^from` to `10^to`. It is marked
    /// at `marks` where there are some, else at whole powers of ten, or between them where there
    /// are few.
    pub(super) fn log(from: f64, to: f64, most: usize, marks: Vec<f64>) -> Self {
        let marks = match to - from {
            _ if !marks.is_empty() => marks,
            decades if decades > 2.0 => ticks(from, to, most, 1.0),
            decades if decades > 0.7 => ones_twos_fives(from, to),
            _ => {
                let values = ticks(10f64.powf(from), 10f64.powf(to), most, 0.0);
                values.into_iter().filter(|value| *value > 0.0).map(f64::log10).collect()
            }
        };
        let labels = power_labels(&marks);
        Self { from, to, marks, labels }
    }

    /// The most characters of a mark.
    pub(super) fn label_width(&self) -> usize {
        self.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0)
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.from) / (self.to - self.from);
        limit.0 + (f64::from(limit.1 - limit.0) * share).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, value: &f64) -> String {
        let index = self.marks.iter().position(|mark| mark == value);
        index.and_then(|index| self.labels.get(index)).cloned().unwrap_or_default()
    }
}

/// 1, 2 and 5 times the powers of ten between the exponents.
fn ones_twos_fives(from: f64, to: f64) -> Vec<f64> {
    let powers = from.floor() as i32..=to.floor() as i32;
    let each = |power| [1.0, 2.0, 5.0].map(|factor: f64| f64::from(power) + factor.log10());
    powers.flat_map(each).filter(|mark| (from..=to).contains(mark)).collect()
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
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    let (first, last) = ((from / step).ceil() as i64, (to / step).floor() as i64);
    (first..=last).map(|index| index as f64 * step).collect()
}

/// The most digits that are tried until the marks of an axis differ.
const DIGITS: usize = 16;

/// Numbers for people, each with as few digits as tell it from its neighbors: `0.25`, `1.5e7`. All
/// of an axis are written alike.
fn labels(values: &[f64]) -> Vec<String> {
    let largest = values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    let scientific = !(1e-3..1e6).contains(&largest);
    let step = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(f64::MAX, f64::min);
    // The number nearest to zero of an axis around it is only nearly zero.
    let small = if values.len() > 1 { 1e-6 * step } else { 0.0 };
    let text = |value: f64, digits: usize| match value {
        value if value.abs() <= small => "0".to_owned(),
        value => number(value, digits, scientific),
    };
    let exact = |text: &str, value: f64| {
        let close = if values.len() > 1 { 0.01 * step } else { 1e-3 * value.abs() };
        text.parse::<f64>().is_ok_and(|read| (read - value).abs() <= close)
    };
    let with = |digits| values.iter().map(|&value| text(value, digits)).collect::<Vec<_>>();
    (1..DIGITS)
        .map(with)
        .find(|texts| texts.iter().zip(values).all(|(text, &value)| exact(text, value)))
        .unwrap_or_else(|| with(DIGITS))
}

/// A number with so many significant digits, without zeros at its end.
fn number(value: f64, digits: usize, scientific: bool) -> String {
    if scientific {
        let text = format!("{value:.*e}", digits - 1);
        return match text.split_once('e') {
            Some((mantissa, exponent)) => format!("{}e{exponent}", trimmed(mantissa)),
            None => text,
        };
    }
    let before = value.abs().log10().floor() as i32 + 1;
    let decimals = (digits as i32 - before).max(0) as usize;
    trimmed(&format!("{value:.decimals$}")).to_owned()
}

/// A decimal number without zeros at its end.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// The powers of ten with these exponents: `0.01`, `1e-7`, `2e5`.
fn power_labels(exponents: &[f64]) -> Vec<String> {
    let is_whole = |exponent: &f64| (exponent - exponent.round()).abs() < 1e-9;
    let values: Vec<f64> = exponents.iter().map(|exponent| 10f64.powf(*exponent)).collect();
    let plain = |value: f64| match exponents {
        // All alike where some are too long, but for 1 itself.
        [.., last] if *last > 5.5 => (1.0..10.0).contains(&value),
        _ => (1e-4..1e6).contains(&value),
    };
    let with = |digits| -> Vec<String> {
        values.iter().map(|&value| number(value, digits, !plain(value))).collect()
    };
    if exponents.iter().all(is_whole) {
        return with(1);
    }
    let fits = |texts: &Vec<String>| {
        let exact = |(text, value): (&String, &f64)| {
            text.parse::<f64>().is_ok_and(|read| (read / value - 1.0).abs() < 1e-3)
        };
        texts.iter().zip(&values).all(exact) && texts.windows(2).all(|pair| pair[0] != pair[1])
    };
    (1..DIGITS).map(with).find(fits).unwrap_or_else(|| with(DIGITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_two_powers_of_ten_are_marked_in_between() {
        let scale = Scale::log(-0.4, 1.2, 6, Vec::new());
        assert_eq!(scale.labels, ["0.5", "1", "2", "5", "10"]);
        assert_eq!(Scale::log(-25.5, -22.4, 6, Vec::new()).labels, ["1e-25", "1e-24", "1e-23"]);
        assert_eq!(power_labels(&[6.0, 9.0]), ["1e6", "1e9"]);
        assert_eq!(power_labels(&[64f64.log10(), 512f64.log10()]), ["64", "512"]);
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0.03, 0.97, 6, 0.0), [0.2, 0.4, 0.6000000000000001, 0.8]);
        assert_eq!(ticks(-7.3, 0.4, 8, 1.0), [-7.0, -6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0]);
        assert_eq!(labels(&ticks(0.03, 0.97, 6, 0.0)), ["0.2", "0.4", "0.6", "0.8"]);
    }

    #[test]
    fn every_mark_of_an_axis_has_its_own_words() {
        let axes = [
            (0.0, 3.2e23),
            (1e-7, 4e-7),
            (-0.4, 0.4),
            (-3e-300, 2e-300),
            (1e9, 1e9 + 20.0),
            (12_000.0, 12_001.0),
            (-2.0, 1e300),
            (0.9999, 1.0001),
        ];
        for (from, to) in axes {
            let scale = Scale::linear(from, to, 6, 0.0);
            assert!(scale.marks.len() >= 2, "{from} to {to}: {:?}", scale.labels);
            for pair in scale.labels.windows(2) {
                assert_ne!(pair[0], pair[1], "{from} to {to}");
            }
            for (label, mark) in scale.labels.iter().zip(&scale.marks) {
                let read: f64 = label.parse().unwrap();
                assert!((read - mark).abs() <= 0.02 * (to - from), "{label} at {mark}");
            }
        }
        assert_eq!(Scale::linear(0.0, 3.2e23, 6, 0.0).labels[1], "1e23");
        assert_eq!(Scale::linear(1e9, 1e9 + 20.0, 6, 0.0).labels[1], "1.000000005e9");
    }
}
