//! Top-k accuracy: the fraction of items whose class is among the `k` most likely.

use super::{Metric, Of};

pub(super) const TOP2: Metric = top("top2", top_k::<2>);
pub(super) const TOP3: Metric = top("top3", top_k::<3>);
pub(super) const TOP5: Metric = top("top5", top_k::<5>);

const fn top(name: &'static str, score: fn(&[f32], usize) -> f64) -> Metric {
    Metric { name, larger_is_better: true, of: Of::Item(score) }
}

/// 1 if fewer than `k` other logits come before the label's: larger ones, and equal ones of earlier
/// classes. An item with a NaN logit is wrong.
fn top_k<const K: usize>(logits: &[f32], label: usize) -> f64 {
    let own = logits[label];
    let before = |(class, z): (usize, &f32)| *z > own || (*z == own && class < label);
    let rank = logits.iter().enumerate().filter(|&pair| before(pair)).count();
    f64::from(u8::from(rank < K && logits.iter().all(|z| !z.is_nan())))
}
