//! Reduce on plateau: the rate falls when a score stops improving.

use serde::{Deserialize, Serialize};

use crate::monitor::Monitor;

/// Multiplies the learning rate by `factor` when the monitored score has not improved for more
/// than `patience` epochs in a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReduceOnPlateau {
    /// The score to watch.
    pub metric: Monitor,
    /// What the learning rate is multiplied by.
    pub factor: f64,
    /// Epochs without improvement that are tolerated.
    pub patience: usize,
    /// The smallest change that counts as improvement.
    pub threshold: f64,
    /// What the threshold is measured against.
    pub threshold_mode: ThresholdMode,
    /// Epochs after a reduction in which nothing is counted.
    pub cooldown: usize,
    /// The lowest learning rate.
    pub min_lr: f64,
}

/// What a threshold is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdMode {
    /// A fraction of the best score.
    Relative,
    /// The difference itself.
    Absolute,
}

impl Default for ReduceOnPlateau {
    fn default() -> Self {
        Self {
            metric: Monitor::default(),
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            threshold_mode: ThresholdMode::Relative,
            cooldown: 0,
            min_lr: 0.0,
        }
    }
}

/// What reduce-on-plateau remembers; part of every checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlateauState {
    /// The learning rate now, once it was looked at.
    pub learning_rate: Option<f64>,
    /// The best finite score.
    best: Option<f64>,
    bad_epochs: usize,
    cooldown: usize,
}

/// Reductions smaller than this are not made.
const SMALLEST: f64 = 1e-8;

impl ReduceOnPlateau {
    /// Looks at the score after an epoch. One that is NaN or infinite is no improvement, and any
    /// finite score is one over it.
    pub fn epoch_end(&self, state: &mut PlateauState, score: f64, base: f64) {
        let rate = state.learning_rate.unwrap_or(base);
        if score.is_finite() && state.best.is_none_or(|best| self.improves(score, best)) {
            (state.best, state.bad_epochs) = (Some(score), 0);
        } else {
            state.bad_epochs += 1;
        }
        if state.cooldown > 0 {
            (state.cooldown, state.bad_epochs) = (state.cooldown - 1, 0);
        }
        state.learning_rate = Some(rate);
        if state.bad_epochs > self.patience {
            let lower = (rate * self.factor).max(self.min_lr);
            if rate - lower > SMALLEST {
                state.learning_rate = Some(lower);
            }
            (state.cooldown, state.bad_epochs) = (self.cooldown, 0);
        }
    }

    fn improves(&self, score: f64, best: f64) -> bool {
        let margin = match self.threshold_mode {
            ThresholdMode::Relative => self.threshold * best.abs(),
            ThresholdMode::Absolute => self.threshold,
        };
        self.metric.gain(score, best) > margin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rates after each of these scores, from 0.5.
    fn rates(schedule: &ReduceOnPlateau, scores: &[f64]) -> Vec<f64> {
        let mut state = PlateauState::default();
        let mut rate = |&score: &f64| {
            schedule.epoch_end(&mut state, score, 0.5);
            // As if interrupted: JSON, in which checkpoints keep it, has no infinity.
            let text = serde_json::to_string(&state).unwrap();
            state = serde_json::from_str(&text).unwrap();
            state.learning_rate.unwrap()
        };
        scores.iter().map(&mut rate).collect()
    }

    /// `torch.optim.lr_scheduler.ReduceLROnPlateau(SGD([p], lr=0.5), factor=0.5, patience=2)`
    /// keeps 0.5 for each of these.
    #[test]
    fn recovers_from_a_first_score_that_is_no_number() {
        let schedule = ReduceOnPlateau { factor: 0.5, patience: 2, ..Default::default() };
        for first in [f64::INFINITY, f64::NAN, f64::NEG_INFINITY] {
            let scores = [first, 5.0, 4.0, 3.0, 2.0, 1.9, 1.8, 1.7];
            assert_eq!(rates(&schedule, &scores), [0.5; 8], "{first}");
        }
        let later = [5.0, f64::NAN, f64::INFINITY, 4.0, f64::NAN, f64::NAN, 3.0];
        assert_eq!(rates(&schedule, &later), [0.5; 7]);
        // Three in a row are more than it tolerates.
        let inf = f64::INFINITY;
        assert_eq!(rates(&schedule, &[inf, inf, inf, 5.0]), [0.5, 0.5, 0.25, 0.25]);
    }

    #[test]
    fn a_score_that_falls_is_no_gain_where_larger_is_better() {
        let metric = Monitor { metric: "valid.r2".into() };
        let schedule = ReduceOnPlateau { metric, factor: 0.5, patience: 0, ..Default::default() };
        // A threshold of one in ten thousand of -5 must not count -5.0001 as better than -5.
        assert_eq!(rates(&schedule, &[-5.0, -5.0001, -4.0]), [0.5, 0.25, 0.25]);
    }
}
