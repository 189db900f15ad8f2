//! Polynomial decay.

use serde::{Deserialize, Serialize};

use super::Time;

/// `base·(1 - t/T)^power`, then 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Polynomial {
    /// The power; 1 for a line.
    pub power: f64,
    /// T in epochs; the whole run when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<f64>,
}

impl Default for Polynomial {
    fn default() -> Self {
        Self { power: 1.0, epochs: None }
    }
}

impl Polynomial {
    pub(super) fn rate(&self, time: Time, base: f64) -> f64 {
        let length = self.epochs.unwrap_or(time.total_epochs());
        base * (1.0 - (time.epochs() / length).min(1.0)).powf(self.power)
    }
}
