//! Settings that cannot work: the ranges of numbers, and what is wrong, in words for people.
//!
//! Every configuration of training says for itself which of its numbers can work
//! ([`Settings::check`]). Recipes tell what it finds at the setting's place, trainers before their
//! first step.

use std::fmt;

/// The code of a number outside its range.
const OUT_OF_RANGE: &str = "GB0108";
/// The code of a setting without effect.
const NO_EFFECT: &str = "GB0132";

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

    /// The same range without its lower end.
    #[must_use]
    pub const fn excluding_low(self) -> Self {
        Self { low_included: false, ..self }
    }

    /// The same range without its upper end.
    #[must_use]
    pub const fn excluding_high(self) -> Self {
        Self { high_included: false, ..self }
    }

    /// Whether `number` is in the range. Ends that are excluded are excluded in single precision
    /// too, in which the kernels compute: `1 - 1e-9` is not below 1 there.
    pub fn contains(&self, number: f64) -> bool {
        let single = |number: f64| number as f32;
        let above = match self.low_included {
            true => number >= self.low,
            false => number > self.low && single(number) > single(self.low),
        };
        let below = match self.high_included {
            true => number <= self.high,
            false => number < self.high && single(number) < single(self.high),
        };
        above && below
    }
}

impl fmt::Display for Range {
    /// In words: `above 0`, `1 or more`, `from 0 to below 1`, `above 0 and below 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = (number_text(self.low), number_text(self.high));
        match (self.low_included, self.high.is_infinite(), self.high_included) {
            (true, true, _) => write!(f, "{low} or more"),
            (false, true, _) => write!(f, "above {low}"),
            (true, false, true) => write!(f, "from {low} to {high}"),
            (true, false, false) => write!(f, "from {low} to below {high}"),
            (false, false, true) => write!(f, "above {low} and at most {high}"),
            (false, false, false) => write!(f, "above {low} and below {high}"),
        }
    }
}

/// A number as it would be written in a recipe.
pub fn number_text(number: f64) -> String {
    if number != 0.0 && !(1e-3..1e7).contains(&number.abs()) {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}

/// A number to three digits.
pub fn rounded(number: f64) -> f64 {
    format!("{number:.2e}").parse().unwrap_or(number)
}

/// A setting that cannot work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSetting {
    /// The code under which `glassbox explain` describes this: GB0108 a number out of its range,
    /// GB0132 a setting without effect.
    pub code: &'static str,
    /// Its name, with dots on the way to it: `schedule.gamma`.
    pub name: String,
    /// What it may be.
    pub expected: String,
    /// What it is.
    pub found: String,
    /// What to do about it.
    pub help: String,
    /// Whether no training at all can work with it: a number out of its range.
    pub impossible: bool,
}

/// `GB0108 × schedule.gamma: expected above 0 and below 1, found -0.5` and a line of help.
impl fmt::Display for BadSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, name, expected, found, help, .. } = self;
        write!(f, "{code} × {name}: expected {expected}, found {found}\n  help: {help}")
    }
}

/// A configuration that knows which of its settings can work.
pub trait Settings {
    /// The settings that cannot work, each once; none when all can.
    fn check(&self) -> BadSettings;
}

/// All settings that cannot work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BadSettings(pub Vec<BadSetting>);

impl BadSettings {
    /// Notes `name` unless its value is finite, in single precision too, and in `range`.
    pub fn number(&mut self, name: &str, value: f64, range: Range) {
        if range.contains(value) && (value as f32).is_finite() {
            return;
        }
        self.0.push(BadSetting {
            code: OUT_OF_RANGE,
            name: name.into(),
            expected: range.to_string(),
            found: number_text(value),
            help: format!("give a number {range}"),
            impossible: true,
        });
    }

    /// As [`BadSettings::number`], for a number of single precision.
    pub fn single(&mut self, name: &str, value: f32, range: Range) {
        // By its short form: 0.1, not 0.10000000149.
        self.number(name, value.to_string().parse().unwrap_or(f64::NAN), range);
    }

    /// Notes that `name` does not fit the other settings.
    pub fn misfit(
        &mut self,
        name: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(OUT_OF_RANGE, name, expected.into(), found.into(), help.into());
    }

    /// Notes that `name` has no effect.
    pub fn no_effect(
        &mut self,
        name: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(NO_EFFECT, name, expected.into(), found.into(), help.into());
    }

    fn push(
        &mut self,
        code: &'static str,
        name: &str,
        expected: String,
        found: String,
        help: String,
    ) {
        let (name, impossible) = (name.into(), false);
        self.0.push(BadSetting { code, name, expected, found, help, impossible });
    }

    /// Takes over what was found in a part that is called `prefix`.
    pub fn extend_within(&mut self, prefix: &str, part: Self) {
        let named = |bad: BadSetting| BadSetting { name: format!("{prefix}.{}", bad.name), ..bad };
        self.0.extend(part.0.into_iter().map(named));
    }

    /// Only what makes training impossible: without what has no effect, or does not fit the rest.
    #[must_use]
    pub fn impossible(mut self) -> Self {
        self.0.retain(|bad| bad.impossible);
        self
    }

    /// These as an error, where there are any.
    ///
    /// # Errors
    /// When a setting cannot work.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    /// Panics where a setting cannot work, for constructors that cannot fail.
    ///
    /// # Panics
    /// When a number is out of its range.
    #[track_caller]
    pub fn assert_possible(self, what: &str) {
        if let Some(BadSetting { name, expected, found, .. }) = self.impossible().0.first() {
            panic!("{what}: expected `{name}` {expected}, found {found}");
        }
    }
}

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(BadSetting::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for BadSettings {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_count_or_do_not() {
        let drop_probability = Range::between(0.0, 1.0).excluding_high();
        assert!(drop_probability.contains(0.0) && !drop_probability.contains(1.0));
        assert!(!drop_probability.contains(-0.1) && !drop_probability.contains(f64::NAN));
        assert!(!Range::above(0.0).contains(0.0) && Range::above(0.0).contains(1e-9));
        assert!(!Range::between(0.0, 1.0).excluding_low().contains(0.0));
    }

    #[test]
    fn what_single_precision_rounds_to_an_end_is_out() {
        assert!(!Range::above(0.0).contains(1e-60));
        assert!(!Range::between(0.0, 1.0).excluding_high().contains(1.0 - 1e-12));
        assert!(Range::between(0.0, 1.0).contains(1.0 - 1e-12));
    }

    #[test]
    fn reads_as_words() {
        assert_eq!(Range::above(0.0).to_string(), "above 0");
        assert_eq!(Range::at_least(1.0).to_string(), "1 or more");
        assert_eq!(Range::between(0.0, 1.0).excluding_high().to_string(), "from 0 to below 1");
        let inside = Range::between(0.0, 1.0).excluding_low().excluding_high();
        assert_eq!(inside.to_string(), "above 0 and below 1");
    }

    #[test]
    fn what_is_not_finite_is_bad_in_every_range() {
        let mut bad = BadSettings::default();
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            bad.number("lr", value, Range::above(0.0));
        }
        assert_eq!(bad.0.len(), 4);
        let mut all = BadSettings::default();
        all.extend_within("optimizer", bad);
        let text = all.to_string();
        assert!(text.starts_with("GB0108 × optimizer.lr: expected above 0, found NaN"), "{text}");
    }

    #[test]
    #[should_panic(expected = "huber: expected `delta` above 0, found -1")]
    fn constructors_panic_with_the_range() {
        let mut bad = BadSettings::default();
        bad.no_effect("epochs", "", "", "");
        bad.single("delta", -1.0, Range::above(0.0));
        bad.assert_possible("huber");
    }
}
