//! Exponential linear unit.

use glassbox_tensor::{Activation, Tensor};
use serde::{Deserialize, Serialize};

use super::activation::{ActivationConfig, finite};
use crate::builder::Builder;
use crate::error::BuildError;

/// `type = "elu"`: `y = x` where positive, else
/// `alpha (e^x - 1)` (Clevert, Unterthiner and Hochreiter 2016).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EluConfig {
    /// The limit towards negative infinity is `-alpha`.
    pub alpha: f32,
}

impl Default for EluConfig {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

impl ActivationConfig for EluConfig {
    const NAME: &'static str = "elu";

    fn apply(&self, input: &Tensor) -> Tensor {
        input.elu(self.alpha)
    }

    fn fused(&self) -> Option<Activation> {
        // Only then does the derivative follow from the result.
        (self.alpha >= 0.0).then_some(Activation::Elu { alpha: self.alpha })
    }

    fn check(&self) -> Result<(), BuildError> {
        finite(Self::NAME, "alpha", self.alpha)
    }
}

impl Builder {
    /// Adds an exponential linear unit with this limit: [`EluConfig`].
    #[must_use]
    pub fn elu(self, alpha: f32) -> Self {
        self.layer(EluConfig { alpha })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let output = EluConfig::default().apply(&Tensor::from_slice(&[-1.0, 3.0], [2]));
        for (y, expected) in output.as_slice().iter().zip([-0.6321206, 3.0]) {
            assert!((y - expected).abs() < 1e-6_f32, "{y} {expected}");
        }
        assert!(EluConfig { alpha: f32::NAN }.check().is_err());
    }
}
