//! Sigmoid linear unit, also called swish.

use glassbox_tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::activation::ActivationConfig;
use crate::builder::Builder;

/// `type = "silu"`: `y = x / (1 + e^-x)` (Hendrycks and Gimpel 2016; Ramachandran, Zoph and Le 2017).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SiluConfig {}

impl ActivationConfig for SiluConfig {
    const NAME: &'static str = "silu";

    fn apply(&self, input: &Tensor) -> Tensor {
        input.silu()
    }
}

impl Builder {
    /// Adds `y = x / (1 + e^-x)`: [`SiluConfig`].
    #[must_use]
    pub fn silu(self) -> Self {
        self.layer(SiluConfig {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let output = SiluConfig {}.apply(&Tensor::from_slice(&[0.0, 1.0], [2]));
        for (y, expected) in output.as_slice().iter().zip([0.0, 0.7310586]) {
            assert!((y - expected).abs() < 1e-6_f32, "{y} {expected}");
        }
    }
}
