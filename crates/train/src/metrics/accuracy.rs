//! Accuracy: the fraction of items whose most likely class is right.

use super::{Metric, Of};
use crate::accumulator::largest;

/// The fraction of items whose largest logit, the first of equals, is that of their label. An item
/// with a NaN logit is wrong.
pub(super) const ACCURACY: Metric =
    Metric { name: "accuracy", larger_is_better: true, of: Of::Item(is_right) };

fn is_right(logits: &[f32], label: usize) -> f64 {
    let right = largest(logits) == label && logits.iter().all(|z| !z.is_nan());
    f64::from(u8::from(right))
}
