//! The range a number must lie in.

use std::fmt;

use crate::tree::number_text;

/// An interval of numbers, its ends included or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    low: f64,
    low_included: bool,
    high: f64,
    high_included: bool,
}

impl Range {
    /// Above `low`.
    pub const fn above(low: f64) -> Self {
        Self { low, low_included: false, high: f64::INFINITY, high_included: true }
    }

    /// `low` or more.
    pub const fn at_least(low: f64) -> Self {
        Self { low, low_included: true, high: f64::INFINITY, high_included: true }
    }

    /// From `low` to `high`, both included.
    pub const fn between(low: f64, high: f64) -> Self {
        Self { low, low_included: true, high, high_included: true }
    }

    /// The same range without its upper end.
    #[must_use]
    pub const fn excluding_high(self) -> Self {
        Self { high_included: false, ..self }
    }

    /// Whether `number` lies in the range.
    pub fn contains(&self, number: f64) -> bool {
        let above = if self.low_included { number >= self.low } else { number > self.low };
        let below = if self.high_included { number <= self.high } else { number < self.high };
        above && below
    }
}

impl fmt::Display for Range {
    /// In words: `above 0`, `1 or more`, `from 0 to below 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = (number_text(self.low), number_text(self.high));
        match (self.low_included, self.high.is_infinite(), self.high_included) {
            (true, true, _) => write!(f, "{low} or more"),
            (false, true, _) => write!(f, "above {low}"),
            (true, false, true) => write!(f, "from {low} to {high}"),
            (true, false, false) => write!(f, "from {low} to below {high}"),
            (false, false, _) => write!(f, "above {low} and at most {high}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_count_or_do_not() {
        let drop_probability = Range::between(0.0, 1.0).excluding_high();
        assert!(drop_probability.contains(0.0) && !drop_probability.contains(1.0));
        assert!(!drop_probability.contains(-0.1) && !drop_probability.contains(f64::NAN));
        assert!(!Range::above(0.0).contains(0.0) && Range::above(0.0).contains(1e-9));
    }

    #[test]
    fn reads_as_words() {
        assert_eq!(Range::above(0.0).to_string(), "above 0");
        assert_eq!(Range::at_least(1.0).to_string(), "1 or more");
        assert_eq!(Range::between(0.0, 1.0).excluding_high().to_string(), "from 0 to below 1");
    }
}
