//! The Brier score (1950): squared errors of predicted probabilities.

use glassbox_tensor::Tensor;

use super::rows::{each_class_row, log_softmax};
use super::{Mean, Metric};

/// The mean over the samples of `Σ (p - y)²` over the classes, `y` being 1 for the right one and
/// 0 for others. Of two classes only one counts, as is usual.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Brier(Mean);

impl Metric for Brier {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        each_class_row(prediction, target, |logits, label| {
            let squared = |(class, log): (usize, f64)| {
                (log.exp() - f64::from(u8::from(class == label))).powi(2)
            };
            let sum: f64 = log_softmax(logits).enumerate().map(squared).sum();
            self.0.add(if logits.len() == 2 { sum / 2.0 } else { sum }, 1.0);
        });
    }

    fn value(&self) -> f64 {
        self.0.value()
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
