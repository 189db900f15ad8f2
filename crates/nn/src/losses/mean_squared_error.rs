//! Mean squared error.

use glassbox_tensor::{Reduction, Tensor};
use serde::{Deserialize, Serialize};

use super::{fitted, reduce};

/// `type = "mean_squared_error"` (or `"mse"`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MeanSquaredErrorConfig {}

/// `(prediction - target)²`.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
#[must_use]
pub fn mean_squared_error(prediction: &Tensor, target: &Tensor, reduction: Reduction) -> Tensor {
    let target = fitted("mean_squared_error", prediction, target);
    reduce(&prediction.sub(&target).square(), reduction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_and_gradient() {
        let prediction = Tensor::from_slice(&[1.0, 5.0], [2]).with_grad();
        let target = Tensor::from_slice(&[2.0, 2.0], [2]);
        let loss = mean_squared_error(&prediction, &target, Reduction::Mean);
        assert_eq!(loss.item(), 5.0);
        assert_eq!(loss.backward().get(&prediction).unwrap().to_vec(), [-1.0, 3.0]);
    }
}
