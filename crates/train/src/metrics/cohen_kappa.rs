//! Cohen's kappa (1960): agreement beyond chance.

use super::{ClassCounts, Metric, Of};

pub(super) const COHEN_KAPPA: Metric = Metric {
    name: "cohen_kappa",
    larger_is_better: true,
    of: Of::Classes(ClassCounts::cohen_kappa),
};

impl ClassCounts {
    /// `(a - e) / (1 - e)` with the accuracy `a` and the accuracy `e` of predictions drawn at
    /// random with the same frequencies; NaN where chance alone is always right.
    pub fn cohen_kappa(&self) -> f64 {
        let samples = self.samples() as f64;
        let by_chance = |class| self.actual(class) as f64 * self.predicted(class) as f64;
        let expected = (0..self.classes()).map(by_chance).sum::<f64>() / samples;
        (self.right() as f64 - expected) / (samples - expected)
    }
}
