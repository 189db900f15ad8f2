//! What scores that depend on the order of all items must remember.

use serde::{Deserialize, Serialize};

use super::rows::log_softmax;

/// The logits of all items, and their labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ranking {
    classes: usize,
    /// `[items, classes]`.
    logits: Vec<f32>,
    labels: Vec<u32>,
}

impl Ranking {
    #[track_caller]
    pub(super) fn add(&mut self, logits: &[f32], label: usize) {
        assert!(self.classes == logits.len() || self.labels.is_empty(), "number of classes");
        self.classes = logits.len();
        self.logits.extend(logits);
        self.labels.push(label as u32);
    }

    fn probabilities(&self) -> Vec<f64> {
        let rows = self.logits.chunks_exact(self.classes.max(1));
        rows.flat_map(|row| log_softmax(row).map(f64::exp)).collect()
    }

    /// The mean of a score over the classes, each against all others; of two classes, the score
    /// of the second. Classes that none or all of the labels have do not count: they have no
    /// order. `score` gets runs of equal probability from the highest on: how many items of the
    /// class and of others each holds. NaN where a probability is NaN.
    pub(super) fn one_against_rest(&self, score: impl Fn(&[(u64, u64)]) -> f64) -> f64 {
        let probabilities = self.probabilities();
        if probabilities.iter().any(|p| p.is_nan()) {
            return f64::NAN;
        }
        let (mut sum, mut classes) = (0.0, 0u32);
        for class in usize::from(self.classes == 2)..self.classes {
            let own = probabilities.iter().skip(class).step_by(self.classes);
            let mut pairs: Vec<(f64, bool)> =
                own.zip(&self.labels).map(|(&p, &label)| (p, label as usize == class)).collect();
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
}
