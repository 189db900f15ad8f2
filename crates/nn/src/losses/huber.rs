//! Huber loss.

use glassbox_tensor::{Reduction, Tensor};
use serde::{Deserialize, Serialize};

use super::{fitted, reduce};

/// `type = "huber"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HuberConfig {
    /// The error beyond which the loss grows in proportion, above 0.
    pub delta: f32,
}

impl Default for HuberConfig {
    fn default() -> Self {
        Self { delta: 1.0 }
    }
}

/// With the error `e = prediction - target`: `e² / 2` where `|e| ≤ delta`, else
/// `delta (|e| - delta / 2)` (Huber 1964).
///
/// # Panics
/// When the shapes differ, or `delta` is not above 0.
#[track_caller]
#[must_use]
pub fn huber(prediction: &Tensor, target: &Tensor, delta: f32, reduction: Reduction) -> Tensor {
    assert!(delta > 0.0, "huber: expected `delta` above 0, found {delta}");
    let target = fitted("huber", prediction, target);
    let error = prediction.sub(&target);
    // Both cases are c (e - c / 2) with c the error cut at ±delta.
    let cut = error.clamp(-delta, delta);
    reduce(&cut.mul(&error.sub(&cut.affine(0.5, 0.0))), reduction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_gradients() {
        let target = Tensor::zeros([4]);
        let prediction = Tensor::from_slice(&[-3.0, -1.0, 0.0, 2.0], [4]).with_grad();
        let losses = huber(&prediction, &target, 2.0, Reduction::None);
        assert_eq!(losses.to_vec(), [4.0, 0.5, 0.0, 2.0]);
        let gradients = losses.sum(..).backward();
        assert_eq!(gradients.get(&prediction).unwrap().to_vec(), [-2.0, -1.0, 0.0, 2.0]);
    }
}
