//! Accuracy: the fraction of samples whose most likely class is right.

use glassbox_tensor::Tensor;

use super::{Metric, TopK};

/// The fraction of samples whose largest logit, the first of equal ones, is that of their label.
#[derive(Clone, Debug, PartialEq)]
pub struct Accuracy(TopK);

impl Default for Accuracy {
    fn default() -> Self {
        Self(TopK::new(1))
    }
}

impl Metric for Accuracy {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        self.0.add(prediction, target);
    }

    fn value(&self) -> f64 {
        self.0.value()
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
