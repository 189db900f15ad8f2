//! Root of the mean squared error.

use super::column::{Column, uniform_average};
use super::{Metric, Of};

pub(super) const ROOT_MEAN_SQUARED_ERROR: Metric =
    Metric { name: "rmse", larger_is_better: false, of: Of::Output(Column::rmse, uniform_average) };

impl Column {
    /// The root of the mean of `(prediction - target)²`.
    pub(crate) fn rmse(&self) -> f64 {
        self.mse().sqrt()
    }
}
