//! The confusion matrix: how often each class was taken for each.

use glassbox_tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::ClassCounts;
use super::rows::each_class_row;
use crate::accumulator::largest;

/// Counts of items by true class (row) and predicted class (column). Scores follow from its
/// [class counts](Self::class_counts).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusionMatrix {
    classes: usize,
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// No items yet, of `classes` classes. The default learns their number from the first batch.
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: vec![0; classes * classes] }
    }

    /// Adds a batch, see [the module](super) for its form.
    ///
    /// # Panics
    /// When the number of classes is not that of the batches before.
    #[track_caller]
    pub fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        each_class_row(prediction, target, |logits, label| {
            if self.classes == 0 {
                *self = Self::new(logits.len());
            }
            assert_eq!(logits.len(), self.classes, "classes of a confusion matrix");
            self.counts[label * self.classes + largest(logits)] += 1;
        });
    }

    /// Adds the counts of another matrix, of other items.
    ///
    /// # Panics
    /// When both have items of different numbers of classes.
    #[track_caller]
    pub fn merge(&mut self, other: &Self) {
        if self.classes == 0 {
            self.clone_from(other);
        } else if other.classes > 0 {
            assert_eq!(self.classes, other.classes, "classes of a confusion matrix");
            self.counts.iter_mut().zip(&other.counts).for_each(|(sum, count)| *sum += count);
        }
    }

    /// Forgets all items.
    pub fn reset(&mut self) {
        self.counts.fill(0);
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many items of class `truth` were taken for class `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        self.counts[truth * self.classes + predicted]
    }

    /// The counts of each true class, by predicted class.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.counts.chunks_exact(self.classes.max(1))
    }

    /// The counts by class, from which precision, recall, F1 and others follow.
    pub fn class_counts(&self) -> ClassCounts {
        let mut counts = ClassCounts::default();
        for (truth, row) in self.rows().enumerate() {
            for (predicted, &count) in row.iter().enumerate() {
                counts.add(self.classes, truth, predicted, count);
            }
        }
        counts
    }
}
