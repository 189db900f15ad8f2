//! Smooth L1 loss.

use glassbox_tensor::{Reduction, Tensor};
use serde::{Deserialize, Serialize};

use super::{huber, mean_absolute_error};

/// `type = "smooth_l1"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmoothL1Config {
    /// The error below which the loss is squared, above 0 (with 0 it would be
    /// `mean_absolute_error`).
    pub beta: f32,
}

impl Default for SmoothL1Config {
    fn default() -> Self {
        Self { beta: 1.0 }
    }
}

/// Huber's loss divided by `beta`, its `delta`: its slope for large errors is always 1. The
/// absolute error where `beta` is 0 (Girshick 2015).
///
/// # Panics
/// When the shapes differ, or `beta` is negative or NaN.
#[track_caller]
#[must_use]
pub fn smooth_l1(prediction: &Tensor, target: &Tensor, beta: f32, reduction: Reduction) -> Tensor {
    assert!(beta >= 0.0, "smooth_l1: expected `beta` 0 or more, found {beta}");
    if beta == 0.0 {
        return mean_absolute_error(prediction, target, reduction);
    }
    huber(prediction, target, beta, reduction).div_number(beta)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_gradients() {
        let target = Tensor::zeros([4]);
        let prediction = Tensor::from_slice(&[-3.0, -1.0, 0.0, 2.0], [4]).with_grad();
        let losses = smooth_l1(&prediction, &target, 2.0, Reduction::None);
        assert_eq!(losses.to_vec(), [2.0, 0.25, 0.0, 1.0]);
        let gradients = losses.sum(..).backward();
        assert_eq!(gradients.get(&prediction).unwrap().to_vec(), [-1.0, -0.5, 0.0, 1.0]);
        assert_eq!(smooth_l1(&prediction, &target, 0.0, Reduction::Sum).item(), 6.0);
    }
}
