//! How the scores of several classes become one.

use super::{ClassCounts, Metric, Of};

/// How the scores of several classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Average {
    /// The mean over the classes that occur, among the labels or the predictions.
    Macro,
    /// The score over all decisions together; with one label per item this is the accuracy.
    Micro,
    /// The mean weighted by how often each class is the label.
    Weighted,
}

impl Average {
    /// The average of `score` over the classes.
    pub(super) fn of(self, counts: &ClassCounts, score: fn(&ClassCounts, usize) -> f64) -> f64 {
        let weight = |class| match self {
            Self::Macro => f64::from(counts.actual(class) + counts.predicted(class) > 0),
            Self::Weighted => counts.actual(class) as f64,
            Self::Micro => 0.0,
        };
        if self == Self::Micro {
            return counts.accuracy();
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for class in 0..counts.classes() {
            sum += weight(class) * score(counts, class);
            weights += weight(class);
        }
        sum / weights
    }
}

/// A metric of all classes together, of which more is better.
pub(super) const fn averaged(name: &'static str, score: fn(&ClassCounts) -> f64) -> Metric {
    Metric { name, larger_is_better: true, of: Of::Classes(score) }
}
