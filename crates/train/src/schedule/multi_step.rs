//! Steps at given epochs.

use serde::{Deserialize, Serialize};

use super::Time;

/// `base·gammaᵏ` once `k` of the milestones have passed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MultiStep {
    /// The epochs after which the learning rate falls.
    pub milestones: Vec<f64>,
    /// What the learning rate is multiplied by.
    pub gamma: f64,
}

impl Default for MultiStep {
    fn default() -> Self {
        Self { milestones: Vec::new(), gamma: 0.1 }
    }
}

impl MultiStep {
    pub(super) fn rate(&self, time: Time, base: f64) -> f64 {
        let passed = self.milestones.iter().filter(|&&m| m <= time.whole_epochs()).count();
        base * self.gamma.powf(passed as f64)
    }
}
