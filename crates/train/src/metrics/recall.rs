//! Recall: how many of the items of a class are found.

use super::average::averaged;
use super::class_counts::ratio;
use super::{Average, ClassCounts, Metric, Of};

pub(super) const RECALL: Metric =
    Metric { name: "recall", larger_is_better: true, of: Of::Binary(ClassCounts::recall_of) };
pub(super) const RECALL_MACRO: Metric =
    averaged("recall_macro", |counts| counts.recall(Average::Macro));
pub(super) const RECALL_MICRO: Metric =
    averaged("recall_micro", |counts| counts.recall(Average::Micro));
pub(super) const RECALL_WEIGHTED: Metric =
    averaged("recall_weighted", |counts| counts.recall(Average::Weighted));

impl ClassCounts {
    /// Of the items of `class`, the fraction that were found; 0 if there are none.
    pub fn recall_of(&self, class: usize) -> f64 {
        ratio(self.hits(class), self.actual(class))
    }

    /// Averaged recall.
    pub fn recall(&self, average: Average) -> f64 {
        average.of(self, Self::recall_of)
    }
}
