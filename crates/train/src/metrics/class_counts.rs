//! How often each class was the label, was predicted, and was both.

use serde::{Deserialize, Serialize};

/// Counts of items by class. The scores that follow from them are methods, one file each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCounts {
    hits: Vec<u64>,
    actual: Vec<u64>,
    predicted: Vec<u64>,
}

impl ClassCounts {
    /// Adds `count` items of one class, taken for one of `classes`.
    pub(super) fn add(&mut self, classes: usize, truth: usize, predicted: usize, count: u64) {
        for counts in [&mut self.hits, &mut self.actual, &mut self.predicted] {
            counts.resize(classes.max(counts.len()), 0);
        }
        self.actual[truth] += count;
        self.predicted[predicted] += count;
        if truth == predicted {
            self.hits[truth] += count;
        }
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.actual.len()
    }

    /// All items.
    pub fn samples(&self) -> u64 {
        self.actual.iter().sum()
    }

    /// How many items of class `class` there were.
    pub fn actual(&self, class: usize) -> u64 {
        self.actual[class]
    }

    /// How many items were taken for class `class`.
    pub fn predicted(&self, class: usize) -> u64 {
        self.predicted[class]
    }

    /// How many items of class `class` were taken for it.
    pub fn hits(&self, class: usize) -> u64 {
        self.hits[class]
    }

    /// How many items were right.
    pub fn right(&self) -> u64 {
        self.hits.iter().sum()
    }

    /// The fraction of items that were right.
    pub fn accuracy(&self) -> f64 {
        self.right() as f64 / self.samples() as f64
    }
}

/// A part of a whole; 0 of nothing.
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
