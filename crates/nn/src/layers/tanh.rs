//! The hyperbolic tangent.

use glassbox_tensor::{Activation, Tensor};
use serde::{Deserialize, Serialize};

use super::activation::ActivationConfig;
use crate::builder::Builder;

/// `type = "tanh"`: `y = tanh(x)`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TanhConfig {}

impl ActivationConfig for TanhConfig {
    const NAME: &'static str = "tanh";

    fn apply(&self, input: &Tensor) -> Tensor {
        input.tanh()
    }

    fn fused(&self) -> Option<Activation> {
        Some(Activation::Tanh)
    }
}

impl Builder {
    /// Adds `y = tanh(x)`: [`TanhConfig`].
    #[must_use]
    pub fn tanh(self) -> Self {
        self.layer(TanhConfig {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let output = TanhConfig {}.apply(&Tensor::from_slice(&[0.0, 1.0], [2]));
        for (y, expected) in output.as_slice().iter().zip([0.0, 0.7615942]) {
            assert!((y - expected).abs() < 1e-6_f32, "{y} {expected}");
        }
    }
}
