//! Cosine annealing (Loshchilov and Hutter 2017).

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::Time;

/// `min + (base - min)·(1 + cos(π t/T)) / 2`, step by step; beyond `T` it rises again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cosine {
    /// T: the epochs from the highest to the lowest rate; the whole run when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<f64>,
    /// The lowest learning rate.
    pub min_lr: f64,
}

impl Cosine {
    pub(super) fn rate(&self, time: Time, base: f64) -> f64 {
        let length = self.epochs.unwrap_or(time.total_epochs());
        self.min_lr + (base - self.min_lr) * (1.0 + (PI * time.epochs() / length).cos()) / 2.0
    }
}
