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
    best: Option<f64>,
    bad_epochs: usize,
    cooldown: usize,
}

/// Reductions smaller than this are not made.
const SMALLEST: f64 = 1e-8;

impl ReduceOnPlateau {
    /// Looks at the score after an epoch.
    pub fn epoch_end(&self, state: &mut PlateauState, score: f64, base: f64) {
        let rate = state.learning_rate.unwrap_or(base);
        if state.best.is_none_or(|best| self.improves(score, best)) {
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
            ThresholdMode::Relative => self.threshold * best,
            ThresholdMode::Absolute => self.threshold,
        };
        self.metric.gain(score, best) > margin
    }
}
