//! The Brier score (1950): squared errors of predicted probabilities.

use super::rows::log_softmax;
use super::{Metric, Of};

/// The mean over the items of `Σ (p - y)²` over the classes, `y` being 1 for the right one and 0
/// for others. Of two classes only one counts, as is usual.
pub(super) const BRIER: Metric =
    Metric { name: "brier", larger_is_better: false, of: Of::Item(squared_error) };

fn squared_error(logits: &[f32], label: usize) -> f64 {
    let squared =
        |(class, log): (usize, f64)| (log.exp() - f64::from(u8::from(class == label))).powi(2);
    let sum: f64 = log_softmax(logits).enumerate().map(squared).sum();
    if logits.len() == 2 { sum / 2.0 } else { sum }
}
