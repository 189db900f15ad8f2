//! Binary cross-entropy.

use glassbox_tensor::{BinaryCrossEntropy, Reduction, Tensor};
use serde::{Deserialize, Serialize};

use super::fitted;

/// `type = "binary_cross_entropy"`: on scores (logits), the sigmoid is part of the loss:
/// `-(p t ln σ(x) + (1 - t) ln(1 - σ(x)))` for scores `x`, targets `t` in `[0, 1]` and the
/// logistic function σ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BinaryCrossEntropyConfig {
    /// The factor `p` for targets that are 1: above 1 where they are rare.
    pub positive_weight: f32,
}

impl Default for BinaryCrossEntropyConfig {
    fn default() -> Self {
        Self { positive_weight: 1.0 }
    }
}

impl BinaryCrossEntropyConfig {
    #[track_caller]
    pub(super) fn compute(&self, logits: &Tensor, target: &Tensor, reduction: Reduction) -> Tensor {
        let target = fitted("binary_cross_entropy", logits, target);
        let positive_weight =
            (self.positive_weight != 1.0).then(|| Tensor::scalar(self.positive_weight));
        let options = BinaryCrossEntropy { weight: None, positive_weight, reduction };
        logits.binary_cross_entropy_with_logits(&target, &options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positive_targets_weigh_more() {
        let (logits, target) = (Tensor::zeros([2]), Tensor::from_i32(&[1, 0], [2]));
        let config = BinaryCrossEntropyConfig { positive_weight: 3.0 };
        let losses = config.compute(&logits, &target, Reduction::None).to_vec();
        assert!((losses[0] / losses[1] - 3.0).abs() < 1e-6, "{losses:?}");
    }
}
