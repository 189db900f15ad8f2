//! Balanced accuracy: every class counts the same, however rare.

use super::{ClassCounts, Metric, Of};

pub(super) const BALANCED_ACCURACY: Metric = Metric {
    name: "balanced_accuracy",
    larger_is_better: true,
    of: Of::Classes(ClassCounts::balanced_accuracy),
};

impl ClassCounts {
    /// The mean recall over the classes that occur among the labels.
    pub fn balanced_accuracy(&self) -> f64 {
        let occurring = (0..self.classes()).filter(|&class| self.actual(class) > 0);
        let (sum, count) = occurring
            .fold((0.0, 0), |(sum, count), class| (sum + self.recall_of(class), count + 1));
        sum / f64::from(count)
    }
}
