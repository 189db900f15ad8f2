//! The errors of predicted numbers, output by output.

use serde::{Deserialize, Serialize};

use super::moments::Moments;

/// Sums over the values of one output, from which its errors follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    absolute: f64,
    squared: f64,
    #[serde(default)]
    largest: f64,
    #[serde(default)]
    errors: Moments,
    targets: Moments,
}

impl Column {
    /// Sums that an earlier version kept of all outputs together: of targets `sum` and `squares`.
    pub(crate) fn from_sums(
        count: u64,
        absolute: f64,
        squared: f64,
        sum: f64,
        squares: f64,
    ) -> Self {
        Self {
            absolute,
            squared,
            targets: Moments::from_sums(count, sum, squares),
            ..Self::default()
        }
    }

    /// Adds a prediction that is off by `error` from `target`.
    pub(crate) fn add(&mut self, error: f64, target: f64) {
        self.absolute += error.abs();
        self.squared += error * error;
        // NaN stays.
        if !(error.abs() <= self.largest || self.largest.is_nan()) {
            self.largest = error.abs();
        }
        self.errors.add(error);
        self.targets.add(target);
    }

    /// How many values were added.
    pub(crate) fn count(&self) -> f64 {
        self.targets.count()
    }

    /// The sum of absolute errors.
    pub(super) fn absolute(&self) -> f64 {
        self.absolute
    }

    /// The sum of squared errors.
    pub(super) fn squared(&self) -> f64 {
        self.squared
    }

    /// The largest absolute error; NaN if any is, or if there is none.
    pub(super) fn largest(&self) -> f64 {
        if self.count() == 0.0 { f64::NAN } else { self.largest }
    }

    /// Mean and variance of the errors.
    pub(super) fn errors(&self) -> &Moments {
        &self.errors
    }

    /// Mean and variance of the targets.
    pub(super) fn targets(&self) -> &Moments {
        &self.targets
    }
}

/// The mean of a score over all outputs, each counting the same: scikit-learn's
/// `multioutput="uniform_average"`. NaN without outputs.
pub(crate) fn uniform_average(columns: &[Column], score: impl Fn(&Column) -> f64) -> f64 {
    columns.iter().map(score).sum::<f64>() / columns.len() as f64
}
