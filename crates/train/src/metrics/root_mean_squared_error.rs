//! Root mean squared error.

use glassbox_tensor::Tensor;

use super::{MeanSquaredError, Metric};

/// The square root of the mean of `(prediction - target)²`, in the target's unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RootMeanSquaredError(MeanSquaredError);

impl Metric for RootMeanSquaredError {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        self.0.add(prediction, target);
    }

    fn value(&self) -> f64 {
        self.0.value().sqrt()
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
