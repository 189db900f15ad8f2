//! Average precision: the area under the curve of precision over recall.

use glassbox_tensor::Tensor;

use super::Metric;
use super::ranking::Ranking;

/// `Σ (Rᵢ - Rᵢ₋₁) Pᵢ` over the thresholds from the highest on, with the recall `Rᵢ` and the
/// precision `Pᵢ` of taking all samples above a threshold. Of several classes, the mean over each
/// against the rest. Remembers all samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AveragePrecision(Ranking);

impl Metric for AveragePrecision {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        self.0.add(prediction, target);
    }

    fn value(&self) -> f64 {
        self.0.one_against_rest(|runs| {
            let (mut area, mut taken, mut right) = (0.0, 0u64, 0u64);
            for &(inside, others) in runs {
                taken += inside + others;
                right += inside;
                area += inside as f64 * right as f64 / taken as f64;
            }
            area / right as f64
        })
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}
