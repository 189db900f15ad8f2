//! Mean squared error.

use super::column::{Column, uniform_average};
use super::{Metric, Of};

pub(super) const MEAN_SQUARED_ERROR: Metric =
    Metric { name: "mse", larger_is_better: false, of: Of::Output(Column::mse, uniform_average) };

impl Column {
    /// The mean of `(prediction - target)²`.
    pub(crate) fn mse(&self) -> f64 {
        self.squared() / self.count()
    }
}
