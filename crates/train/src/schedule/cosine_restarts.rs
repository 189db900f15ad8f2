//! Cosine annealing with warm restarts (Loshchilov and Hutter 2017).

use serde::{Deserialize, Serialize};

use super::{Cosine, Time};

/// Cosine annealing over `epochs` epochs, then from the start again over `factor` times as many,
/// and so on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CosineRestarts {
    /// Epochs before the first restart.
    pub epochs: f64,
    /// How much longer each period is than the one before; at least 1.
    pub factor: f64,
    /// The lowest learning rate.
    pub min_lr: f64,
}

impl Default for CosineRestarts {
    fn default() -> Self {
        Self { epochs: 10.0, factor: 1.0, min_lr: 0.0 }
    }
}

impl CosineRestarts {
    pub(super) fn rate(&self, time: Time, base: f64) -> f64 {
        let epoch = time.epochs();
        let (start, length) = if self.factor <= 1.0 {
            ((epoch / self.epochs).floor() * self.epochs, self.epochs)
        } else {
            // Periods of `epochs·factorᵏ` begin at `epochs·(factorᵏ - 1)/(factor - 1)`.
            let begin = |k: f64| self.epochs * (self.factor.powf(k) - 1.0) / (self.factor - 1.0);
            let grown = epoch / self.epochs * (self.factor - 1.0) + 1.0;
            // The logarithm may land just beside a whole number.
            let guess = grown.log(self.factor).round();
            let period = if begin(guess) <= epoch { guess } else { guess - 1.0 };
            (begin(period), self.epochs * self.factor.powf(period))
        };
        let cosine = Cosine { epochs: Some(length), min_lr: self.min_lr };
        cosine.rate(Time { step: (epoch - start) * time.steps_per_epoch, ..time }, base)
    }
}
