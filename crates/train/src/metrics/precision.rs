//! Precision: how many of the items taken for a class are of it.

use super::average::averaged;
use super::class_counts::ratio;
use super::{Average, ClassCounts, Metric, Of};

pub(super) const PRECISION: Metric =
    Metric { name: "precision", larger_is_better: true, of: Of::Binary(ClassCounts::precision_of) };
pub(super) const PRECISION_MACRO: Metric =
    averaged("precision_macro", |counts| counts.precision(Average::Macro));
pub(super) const PRECISION_MICRO: Metric =
    averaged("precision_micro", |counts| counts.precision(Average::Micro));
pub(super) const PRECISION_WEIGHTED: Metric =
    averaged("precision_weighted", |counts| counts.precision(Average::Weighted));

impl ClassCounts {
    /// Of the items taken for `class`, the fraction that are of it; 0 if there are none.
    pub fn precision_of(&self, class: usize) -> f64 {
        ratio(self.hits(class), self.predicted(class))
    }

    /// Averaged precision.
    pub fn precision(&self, average: Average) -> f64 {
        average.of(self, Self::precision_of)
    }
}
