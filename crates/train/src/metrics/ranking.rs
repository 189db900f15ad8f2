//! What scores that depend on the order of all samples must remember.

use glassbox_tensor::Tensor;

use super::rows::{each_class_row, log_softmax};

/// The predicted probabilities of all samples, and their labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ranking {
    classes: usize,
    /// `[samples, classes]`.
    probabilities: Vec<f64>,
    labels: Vec<usize>,
}

impl Ranking {
    #[track_caller]
    pub(super) fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        each_class_row(prediction, target, |logits, label| {
            assert!(self.classes == logits.len() || self.labels.is_empty(), "number of classes");
            self.classes = logits.len();
            self.probabilities.extend(log_softmax(logits).map(f64::exp));
            self.labels.push(label);
        });
    }

    /// The mean of a score over the classes, each against all others; of two classes, the score
    /// of the second. Classes that none or all of the labels have do not count: they have no
    /// order. `score` gets runs of equal probability from the highest on: how many samples of the
    /// class and of others each holds. NaN where a probability is NaN.
    pub(super) fn one_against_rest(&self, score: impl Fn(&[(u64, u64)]) -> f64) -> f64 {
        if self.probabilities.iter().any(|p| p.is_nan()) {
            return f64::NAN;
        }
        let (mut sum, mut classes) = (0.0, 0u32);
        for class in usize::from(self.classes == 2)..self.classes {
            let own = self.probabilities.iter().skip(class).step_by(self.classes);
            let mut pairs: Vec<(f64, bool)> =
                own.zip(&self.labels).map(|(&p, &label)| (p, label == class)).collect();
            pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
            let runs: Vec<(u64, u64)> = pairs
                .chunk_by(|a, b| a.0 == b.0)
                .map(|run| {
                    let inside = run.iter().filter(|(_, is_class)| *is_class).count() as u64;
                    (inside, run.len() as u64 - inside)
                })
                .collect();
            let (inside, outside) = runs.iter().fold((0, 0), |t, run| (t.0 + run.0, t.1 + run.1));
            if inside > 0 && outside > 0 {
                sum += score(&runs);
                classes += 1;
            }
        }
        sum / f64::from(classes)
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}
