//! The errors of predicted numbers, output by output.

use serde::{Deserialize, Serialize};

use super::moments::{Moments, explained_part};

/// Sums over the values of one output, from which its errors follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    absolute: f64,
    squared: f64,
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
        Self { absolute, squared, targets: Moments::from_sums(count, sum, squares) }
    }

    /// Adds a prediction that is off by `error` from `target`.
    pub(crate) fn add(&mut self, error: f64, target: f64) {
        self.absolute += error.abs();
        self.squared += error * error;
        self.targets.add(target);
    }

    /// How many values were added.
    pub(crate) fn count(&self) -> f64 {
        self.targets.count()
    }

    /// The mean absolute error.
    pub(crate) fn mae(&self) -> f64 {
        self.absolute / self.count()
    }

    /// The mean squared error.
    pub(crate) fn mse(&self) -> f64 {
        self.squared / self.count()
    }

    /// The root of the mean squared error.
    pub(crate) fn rmse(&self) -> f64 {
        self.mse().sqrt()
    }

    /// The coefficient of determination; NaN for fewer than two values, whose variance is none.
    pub(crate) fn r2(&self) -> f64 {
        match self.count() < 2.0 {
            true => f64::NAN,
            false => explained_part(self.squared, self.targets.squares()),
        }
    }
}

/// The mean of a score over all outputs, each counting the same: scikit-learn's
/// `multioutput="uniform_average"`. NaN without outputs.
pub(crate) fn uniform_average(columns: &[Column], score: impl Fn(&Column) -> f64) -> f64 {
    columns.iter().map(score).sum::<f64>() / columns.len() as f64
}
