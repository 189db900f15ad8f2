//! The area under the receiver operating characteristic.

use super::{Metric, Of};

/// The chance that a random item of a class gets a higher probability of it than a random item of
/// the others, ties counting half (Mann and Whitney 1947). Of several classes, the mean over each
/// against the rest. Remembers all items.
pub(super) const ROC_AUC: Metric = Metric {
    name: "roc_auc",
    larger_is_better: true,
    of: Of::Ranking(|ranking| ranking.one_against_rest(area)),
};

fn area(runs: &[(u64, u64)]) -> f64 {
    let (mut area, mut above, mut outside) = (0.0, 0u64, 0u64);
    for &(inside, others) in runs {
        area += others as f64 * (above as f64 + 0.5 * inside as f64);
        above += inside;
        outside += others;
    }
    area / (above as f64 * outside as f64)
}
