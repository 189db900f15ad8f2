//! Log loss: the mean cross-entropy of labels and predicted probabilities.

use glassbox_tensor::Tensor;

use super::rows::{each_class_row, log_softmax};
use super::{Mean, Metric};

/// The mean of `-ln p` over the samples, `p` being the probability of the right class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogLoss(Mean);

impl Metric for LogLoss {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        each_class_row(prediction, target, |logits, label| {
            self.0.add(-log_softmax(logits).nth(label).unwrap_or(f64::NAN), 1.0);
        });
    }

    fn value(&self) -> f64 {
        self.0.value()
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
