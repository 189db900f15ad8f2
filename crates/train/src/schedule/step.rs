//! Steps of equal length.

use serde::{Deserialize, Serialize};

use super::Time;

/// `base·gammaᵏ` after `k·every` epochs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Epochs from one fall to the next.
    pub every: f64,
    /// What the learning rate is multiplied by.
    pub gamma: f64,
}

impl Default for Step {
    fn default() -> Self {
        Self { every: 10.0, gamma: 0.1 }
    }
}

impl Step {
    pub(super) fn rate(&self, time: Time, base: f64) -> f64 {
        base * self.gamma.powf((time.whole_epochs() / self.every).floor())
    }
}
