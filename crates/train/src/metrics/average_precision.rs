//! Average precision: the area under the curve of precision over recall.

use super::{Metric, Of};

/// `Σ (Rᵢ - Rᵢ₋₁) Pᵢ` over the thresholds from the highest on, with the recall `Rᵢ` and the
/// precision `Pᵢ` of taking all items above a threshold. Of several classes, the mean over each
/// against the rest. Remembers all items.
pub(super) const AVERAGE_PRECISION: Metric = Metric {
    name: "average_precision",
    larger_is_better: true,
    of: Of::Ranking(|ranking| ranking.one_against_rest(area)),
};

fn area(runs: &[(u64, u64)]) -> f64 {
    let (mut area, mut taken, mut right) = (0.0, 0u64, 0u64);
    for &(inside, others) in runs {
        taken += inside + others;
        right += inside;
        area += inside as f64 * right as f64 / taken as f64;
    }
    area / right as f64
}
