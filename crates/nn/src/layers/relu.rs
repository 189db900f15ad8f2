//! Rectified linear unit.

use glassbox_tensor::{Activation, Tensor};
use serde::{Deserialize, Serialize};

use super::activation::ActivationConfig;
use crate::builder::Builder;

/// `type = "relu"`: `y = max(x, 0)` (Nair and Hinton 2010).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReluConfig {}

impl ActivationConfig for ReluConfig {
    const NAME: &'static str = "relu";

    fn apply(&self, input: &Tensor) -> Tensor {
        input.relu()
    }

    fn fused(&self) -> Option<Activation> {
        Some(Activation::Relu)
    }
}

impl Builder {
    /// Adds `y = max(x, 0)`: [`ReluConfig`].
    #[must_use]
    pub fn relu(self) -> Self {
        self.layer(ReluConfig {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let output = ReluConfig {}.apply(&Tensor::from_slice(&[-2.0, 3.0], [2]));
        for (y, expected) in output.as_slice().iter().zip([0.0, 3.0]) {
            assert!((y - expected).abs() < 1e-6_f32, "{y} {expected}");
        }
    }
}
