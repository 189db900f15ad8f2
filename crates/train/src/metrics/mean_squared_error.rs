//! Mean squared error.

use glassbox_tensor::Tensor;

use super::rows::each_value;
use super::{Mean, Metric};

/// The mean of `(prediction - target)²`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeanSquaredError(Mean);

impl Metric for MeanSquaredError {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        each_value(prediction, target, |_, y, t| self.0.add((y - t).powi(2), 1.0));
    }

    fn value(&self) -> f64 {
        self.0.value()
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
