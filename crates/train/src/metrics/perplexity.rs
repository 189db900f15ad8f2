//! Perplexity: among how many equally likely tokens the model seems to choose.

use super::{Metric, Of};

/// `exp(loss)`.
pub(super) const PERPLEXITY: Metric =
    Metric { name: "perplexity", larger_is_better: false, of: Of::TokenLoss(f64::exp) };
