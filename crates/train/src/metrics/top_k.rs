//! Top-k accuracy: the fraction of samples whose class is among the `k` most likely.

use glassbox_tensor::Tensor;

use super::Metric;
use super::rows::each_class_row;

/// The fraction of samples for which fewer than `k` other logits come before the label's: larger
/// ones, and equal ones of earlier classes. A sample with a NaN logit is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct TopK {
    k: usize,
    right: u64,
    samples: u64,
}

impl TopK {
    /// Nothing added yet.
    pub fn new(k: usize) -> Self {
        Self { k, right: 0, samples: 0 }
    }
}

impl Metric for TopK {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        each_class_row(prediction, target, |logits, label| {
            let own = logits[label];
            let before = |(class, z): (usize, &f32)| *z > own || (*z == own && class < label);
            let rank = logits.iter().enumerate().filter(|&pair| before(pair)).count();
            let valid = logits.iter().all(|z| !z.is_nan());
            self.right += u64::from(valid && rank < self.k);
            self.samples += 1;
        });
    }

    fn value(&self) -> f64 {
        self.right as f64 / self.samples as f64
    }

    fn reset(&mut self) {
        *self = Self::new(self.k);
    }
}
