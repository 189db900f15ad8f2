//! Mean absolute error.

use glassbox_tensor::{Reduction, Tensor};
use serde::{Deserialize, Serialize};

use super::{fitted, reduce};

/// `type = "mean_absolute_error"` (or `"mae"`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MeanAbsoluteErrorConfig {}

/// `|prediction - target|`; the derivative is 0 where they are equal.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
#[must_use]
pub fn mean_absolute_error(prediction: &Tensor, target: &Tensor, reduction: Reduction) -> Tensor {
    let target = fitted("mean_absolute_error", prediction, target);
    reduce(&prediction.sub(&target).abs(), reduction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_and_gradient() {
        let prediction = Tensor::from_slice(&[1.0, 5.0, 2.0], [3]).with_grad();
        let loss = mean_absolute_error(&prediction, &Tensor::full([3], 2.0), Reduction::Sum);
        assert_eq!(loss.item(), 4.0);
        assert_eq!(loss.backward().get(&prediction).unwrap().to_vec(), [-1.0, 1.0, 0.0]);
    }
}
