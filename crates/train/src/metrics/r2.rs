//! The coefficient of determination.

use super::column::{Column, uniform_average};
use super::moments::explained_part;
use super::{Metric, Of};

pub(super) const R2: Metric =
    Metric { name: "r2", larger_is_better: true, of: Of::Output(Column::r2, uniform_average) };

impl Column {
    /// `R² = 1 - Σ(t - y)² / Σ(t - t̄)²`: 1 for perfect predictions `y`, 0 for the mean of the
    /// targets `t`, negative for worse. Where the targets are constant: 1 if the predictions are
    /// right, else 0. NaN for fewer than two values, whose variance is none.
    pub(crate) fn r2(&self) -> f64 {
        match self.count() < 2.0 {
            true => f64::NAN,
            false => explained_part(self.squared(), self.targets().squares()),
        }
    }
}
