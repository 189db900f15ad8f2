//! Exponential decay.

use serde::{Deserialize, Serialize};

use super::Time;

/// `base·gammaᵗ` in epoch `t`, counted from 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exponential {
    /// What the learning rate is multiplied by after every epoch.
    pub gamma: f64,
}

impl Default for Exponential {
    fn default() -> Self {
        Self { gamma: 0.95 }
    }
}

impl Exponential {
    pub(super) fn rate(&self, time: Time, base: f64) -> f64 {
        base * self.gamma.powf(time.whole_epochs())
    }
}
