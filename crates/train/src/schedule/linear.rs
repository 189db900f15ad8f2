//! A line between two fractions of the learning rate.

use serde::{Deserialize, Serialize};

use super::Time;

/// From `base·start` to `base·end` along a line, then `base·end`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Linear {
    /// The fraction of the learning rate at the beginning.
    pub start: f64,
    /// The fraction at the end.
    pub end: f64,
    /// Epochs from start to end; the whole run when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<f64>,
}

impl Default for Linear {
    fn default() -> Self {
        Self { start: 1.0, end: 0.0, epochs: None }
    }
}

impl Linear {
    pub(super) fn rate(&self, time: Time, base: f64) -> f64 {
        let length = self.epochs.unwrap_or(time.total_epochs());
        let done = (time.epochs() / length).min(1.0);
        base * (self.start + (self.end - self.start) * done)
    }
}
