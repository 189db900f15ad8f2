//! Root mean squared error.

use glassbox_tensor::Tensor;

use super::Metric;
use super::columns::{Column, uniform_average};
use super::rows::add_columns;

/// The square root of the mean of `(prediction - target)²`, in the target's unit, averaged over
/// outputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RootMeanSquaredError(Vec<Column>);

impl Metric for RootMeanSquaredError {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        add_columns(&mut self.0, prediction, target);
    }

    fn value(&self) -> f64 {
        uniform_average(&self.0, Column::rmse)
    }

    fn reset(&mut self) {
        self.0.clear();
    }
}
