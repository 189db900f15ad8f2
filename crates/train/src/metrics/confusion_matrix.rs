//! The confusion matrix: how often each class was taken for each.

use glassbox_tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::rows::each_class_row;
use crate::accumulator::largest;

/// Counts of samples by true class (row) and predicted class (column). Further scores that follow
/// from it are methods, one file each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusionMatrix {
    classes: usize,
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// No samples yet, of `classes` classes. The default learns their number from the first batch.
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

    /// Adds the counts of another matrix, of other samples.
    ///
    /// # Panics
    /// When both have samples of different numbers of classes.
    #[track_caller]
    pub fn merge(&mut self, other: &Self) {
        if self.classes == 0 {
            self.clone_from(other);
        } else if other.classes > 0 {
            assert_eq!(self.classes, other.classes, "classes of a confusion matrix");
            self.counts.iter_mut().zip(&other.counts).for_each(|(sum, count)| *sum += count);
        }
    }

    /// Forgets all samples.
    pub fn reset(&mut self) {
        self.counts.fill(0);
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many samples of class `truth` were taken for class `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        self.counts[truth * self.classes + predicted]
    }

    /// The counts of each true class, by predicted class.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.counts.chunks_exact(self.classes.max(1))
    }

    /// All samples.
    pub fn samples(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many samples of class `class` there were.
    pub fn actual(&self, class: usize) -> u64 {
        (0..self.classes).map(|predicted| self.count(class, predicted)).sum()
    }

    /// How many samples were taken for class `class`.
    pub fn predicted(&self, class: usize) -> u64 {
        (0..self.classes).map(|truth| self.count(truth, class)).sum()
    }

    /// How many samples were right.
    pub fn right(&self) -> u64 {
        (0..self.classes).map(|class| self.count(class, class)).sum()
    }

    /// The fraction of samples that were right.
    pub fn accuracy(&self) -> f64 {
        self.right() as f64 / self.samples() as f64
    }
}
