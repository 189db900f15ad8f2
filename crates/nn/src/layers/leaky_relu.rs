//! Leaky rectified linear unit.

use glassbox_tensor::{Activation, Tensor};
use serde::{Deserialize, Serialize};

use super::activation::{ActivationConfig, finite};
use crate::builder::Builder;
use crate::error::BuildError;

/// `type = "leaky_relu"`: `y = x` where positive, else `slope x` (Maas, Hannun and Ng 2013).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeakyReluConfig {
    /// The slope on the negative side.
    pub slope: f32,
}

impl Default for LeakyReluConfig {
    fn default() -> Self {
        Self { slope: 0.01 }
    }
}

impl ActivationConfig for LeakyReluConfig {
    const NAME: &'static str = "leaky_relu";

    fn apply(&self, input: &Tensor) -> Tensor {
        input.leaky_relu(self.slope)
    }

    fn fused(&self) -> Option<Activation> {
        // Only then does the derivative follow from the result.
        (self.slope >= 0.0).then_some(Activation::LeakyRelu { slope: self.slope })
    }

    fn check(&self) -> Result<(), BuildError> {
        finite(Self::NAME, "slope", self.slope)
    }
}

impl Builder {
    /// Adds a rectifier with this slope on the negative side: [`LeakyReluConfig`].
    #[must_use]
    pub fn leaky_relu(self, slope: f32) -> Self {
        self.layer(LeakyReluConfig { slope })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let output = LeakyReluConfig::default().apply(&Tensor::from_slice(&[-2.0, 3.0], [2]));
        for (y, expected) in output.as_slice().iter().zip([-0.02, 3.0]) {
            assert!((y - expected).abs() < 1e-6_f32, "{y} {expected}");
        }
        assert!(LeakyReluConfig { slope: f32::NAN }.check().is_err());
    }
}
