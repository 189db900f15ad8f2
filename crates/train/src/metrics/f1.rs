//! F1: precision and recall in one.

use super::average::averaged;
use super::class_counts::ratio;
use super::{Average, ClassCounts, Metric, Of};

pub(super) const F1: Metric =
    Metric { name: "f1", larger_is_better: true, of: Of::Binary(ClassCounts::f1_of) };
pub(super) const F1_MACRO: Metric = averaged("f1_macro", |counts| counts.f1(Average::Macro));
pub(super) const F1_MICRO: Metric = averaged("f1_micro", |counts| counts.f1(Average::Micro));
pub(super) const F1_WEIGHTED: Metric =
    averaged("f1_weighted", |counts| counts.f1(Average::Weighted));

impl ClassCounts {
    /// The harmonic mean of precision and recall; 0 if the class does not occur.
    pub fn f1_of(&self, class: usize) -> f64 {
        ratio(2 * self.hits(class), self.actual(class) + self.predicted(class))
    }

    /// Averaged F1 (not the harmonic mean of the averages).
    pub fn f1(&self, average: Average) -> f64 {
        average.of(self, Self::f1_of)
    }
}
