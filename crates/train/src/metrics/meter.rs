//! One metric by itself, over batches of predictions.

use glassbox_tensor::Tensor;

use super::{Metric, Sums};

/// A metric that adds up over batches.
#[derive(Clone, Debug, PartialEq)]
pub struct Meter {
    metric: &'static Metric,
    sums: Sums,
}

impl Meter {
    /// Nothing added yet.
    pub fn new(metric: &'static Metric) -> Self {
        Self { metric, sums: Sums::new(vec![metric]) }
    }

    /// Adds a batch; see [the module](super) for its form.
    ///
    /// # Panics
    /// When the shapes or types of predictions and targets do not belong together.
    #[track_caller]
    pub fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        self.sums.add_for(self.metric, prediction, target);
    }

    /// The score over all that was added; NaN where it is not defined, as before the first batch
    /// (Matthews' coefficient is 0 then), and for metrics that follow from the loss of a training.
    pub fn value(&self) -> f64 {
        self.sums.value(self.metric, None)
    }

    /// Forgets all batches.
    pub fn reset(&mut self) {
        *self = Self::new(self.metric);
    }
}
