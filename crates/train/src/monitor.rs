//! The score that decides which weights are the best and whether training still gains.

use serde::{Deserialize, Serialize};

use crate::accumulator::{Accumulator, Task};
use crate::metrics::{self, Metric};
use crate::scores::Scores;

/// A score by name: `valid.loss`, `valid.accuracy`, `train.loss`, …
///
/// Losses and errors are better when smaller, accuracies and R² when larger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Monitor {
    /// The set (`train` or `valid`), a dot, and the score's name.
    pub metric: String,
}

impl Default for Monitor {
    fn default() -> Self {
        Self { metric: "valid.loss".into() }
    }
}

impl Monitor {
    /// Whether the score is better when larger.
    pub fn larger_is_better(&self) -> bool {
        self.score().is_some_and(|metric| metric.larger_is_better)
    }

    /// What is monitored; of one output alone, `valid.r2.price`, it is as of all.
    pub fn score(&self) -> Option<&'static Metric> {
        let (_, score) = self.parts();
        metrics::named(score.split_once('.').map_or(score, |(score, _)| score))
    }

    /// The names of all scores that can be monitored: of both sets, of `classes` classes or tokens, and
    /// of one output alone where there are several.
    pub fn names(task: Task, classes: usize, outputs: &[String]) -> Vec<String> {
        let names = Accumulator::score_names(task, &metrics::of(task, classes), outputs);
        let of = |set: &'static str| names.iter().map(move |name| format!("{set}.{name}"));
        of("valid").chain(of("train")).collect()
    }

    /// The set and the score's name; a name alone is of the validation set.
    pub(crate) fn parts(&self) -> (&str, &str) {
        self.metric.split_once('.').unwrap_or(("valid", &self.metric))
    }

    /// The monitored score and the name it was found under: without a validation set, the same
    /// score of the training set. `None` where there is no such score, as R² of a single item.
    pub fn value(&self, train: &Scores, valid: Option<&Scores>) -> Option<(String, f64)> {
        let (set, name) = self.parts();
        let (set, scores) = match (set, valid) {
            ("valid", Some(valid)) => ("valid", valid),
            _ => ("train", train),
        };
        scores.get(name).map(|value| (format!("{set}.{name}"), value))
    }

    /// Whether `value` is better than `than`. A score that is NaN or infinite never is better than
    /// a finite one, and any finite one is better than it.
    pub fn is_better(&self, value: f64, than: f64) -> bool {
        match (value.is_finite(), than.is_finite()) {
            (true, true) => self.gain(value, than) > 0.0,
            (finite, other) => finite && !other,
        }
    }

    /// By how much `value` is better than `than`.
    pub fn gain(&self, value: f64, than: f64) -> f64 {
        if self.larger_is_better() { value - than } else { than - value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direction_follows_the_score() {
        let monitor = |metric: &str| Monitor { metric: metric.into() };
        assert!(monitor("valid.loss").is_better(0.1, 0.2));
        assert!(monitor("valid.accuracy").is_better(0.2, 0.1));
        assert!(!monitor("valid.loss").is_better(f64::NAN, 0.2));
        for larger in ["valid.r2", "valid.r2.mae", "train.accuracy", "r2", "valid.top5"] {
            assert!(monitor(larger).larger_is_better(), "{larger}");
        }
        let smaller = ["valid.mae.r2", "train.rmse.accuracy", "valid.perplexity", "loss"];
        for smaller in smaller.into_iter().chain(["valid.bits_per_token", "valid.loss"]) {
            assert!(!monitor(smaller).larger_is_better(), "{smaller}");
        }
        let (nan, infinity) = (f64::NAN, f64::INFINITY);
        for worse in [nan, infinity, -infinity] {
            for metric in ["valid.loss", "valid.accuracy"] {
                assert!(monitor(metric).is_better(0.3, worse), "{metric}: {worse}");
                assert!(!monitor(metric).is_better(worse, 0.3), "{metric}: {worse}");
                assert!(!monitor(metric).is_better(worse, worse), "{metric}: {worse}");
            }
        }
    }

    #[test]
    fn falls_back_to_the_training_set() {
        let train: Scores = [("loss", 1.0)].into_iter().collect();
        let valid: Scores = [("loss", 2.0)].into_iter().collect();
        let monitor = Monitor::default();
        assert_eq!(monitor.value(&train, Some(&valid)), Some(("valid.loss".into(), 2.0)));
        assert_eq!(monitor.value(&train, None), Some(("train.loss".into(), 1.0)));
    }
}
