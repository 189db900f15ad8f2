//! A constant rate.

use serde::{Deserialize, Serialize};

use super::Time;

/// `base·factor` for the first `epochs` epochs, then `base`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Constant {
    /// The fraction of the learning rate at first.
    pub factor: f64,
    /// How many epochs it lasts.
    pub epochs: f64,
}

impl Default for Constant {
    fn default() -> Self {
        Self { factor: 1.0, epochs: 0.0 }
    }
}

impl Constant {
    pub(super) fn rate(&self, time: Time, base: f64) -> f64 {
        if time.whole_epochs() < self.epochs { base * self.factor } else { base }
    }
}
