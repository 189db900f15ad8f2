//! The largest error.

use glassbox_tensor::Tensor;

use super::Metric;
use super::rows::each_value;

/// The largest `|prediction - target|`; NaN if any is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MaxError(Option<f64>);

impl Metric for MaxError {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        each_value(prediction, target, |_, y, t| {
            let (error, largest) = ((y - t).abs(), self.0.unwrap_or(0.0));
            self.0 = Some(if error <= largest || largest.is_nan() { largest } else { error });
        });
    }

    fn value(&self) -> f64 {
        self.0.unwrap_or(f64::NAN)
    }

    fn reset(&mut self) {
        self.0 = None;
    }
}
