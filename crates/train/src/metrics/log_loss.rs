//! Log loss: the mean cross-entropy of labels and predicted probabilities.

use super::rows::log_softmax;
use super::{Metric, Of};

/// The mean of `-ln p` over the items, `p` being the probability of the right class.
pub(super) const LOG_LOSS: Metric = Metric {
    name: "log_loss",
    larger_is_better: false,
    of: Of::Item(|logits, label| -log_softmax(logits).nth(label).unwrap_or(f64::NAN)),
};
