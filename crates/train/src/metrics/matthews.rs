//! Matthews' correlation coefficient (1975), for any number of classes (Gorodkin 2004).

use super::{ClassCounts, Metric, Of};

pub(super) const MATTHEWS: Metric =
    Metric { name: "matthews", larger_is_better: true, of: Of::Classes(ClassCounts::matthews) };

impl ClassCounts {
    /// The correlation of labels and predictions, from -1 to 1; 0 where either is constant.
    pub fn matthews(&self) -> f64 {
        let samples = self.samples() as f64;
        let sum = |f: &dyn Fn(usize) -> f64| (0..self.classes()).map(f).sum::<f64>();
        let actual = |class| self.actual(class) as f64;
        let predicted = |class| self.predicted(class) as f64;
        let covariance =
            self.right() as f64 * samples - sum(&|class| actual(class) * predicted(class));
        let of_actual = samples * samples - sum(&|class| actual(class) * actual(class));
        let of_predicted = samples * samples - sum(&|class| predicted(class) * predicted(class));
        if of_actual * of_predicted == 0.0 {
            return 0.0;
        }
        covariance / (of_actual * of_predicted).sqrt()
    }
}
