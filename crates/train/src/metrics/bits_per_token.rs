//! Bits per token: the loss in bits instead of nats.

use std::f64::consts::LN_2;

use super::{Metric, Of};

/// `loss / ln 2`.
pub(super) const BITS_PER_TOKEN: Metric = Metric {
    name: "bits_per_token",
    larger_is_better: false,
    of: Of::TokenLoss(|loss| loss / LN_2),
};
