//! The logistic function.

use glassbox_tensor::{Activation, Tensor};
use serde::{Deserialize, Serialize};

use super::activation::ActivationConfig;
use crate::builder::Builder;

/// `type = "sigmoid"`: `y = 1 / (1 + e^-x)`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SigmoidConfig {}

impl ActivationConfig for SigmoidConfig {
    const NAME: &'static str = "sigmoid";

    fn apply(&self, input: &Tensor) -> Tensor {
        input.sigmoid()
    }

    fn fused(&self) -> Option<Activation> {
        Some(Activation::Sigmoid)
    }
}

impl Builder {
    /// Adds `y = 1 / (1 + e^-x)`: [`SigmoidConfig`].
    #[must_use]
    pub fn sigmoid(self) -> Self {
        self.layer(SigmoidConfig {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let output = SigmoidConfig {}.apply(&Tensor::from_slice(&[0.0, 2.0], [2]));
        for (y, expected) in output.as_slice().iter().zip([0.5, 0.880797]) {
            assert!((y - expected).abs() < 1e-6_f32, "{y} {expected}");
        }
    }
}
