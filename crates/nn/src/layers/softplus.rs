//! Softplus, a smooth rectifier.

use glassbox_tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::activation::ActivationConfig;
use crate::builder::Builder;

/// `type = "softplus"`: `y = ln(1 + e^x)` (Dugas et al. 2001).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SoftplusConfig {}

impl ActivationConfig for SoftplusConfig {
    const NAME: &'static str = "softplus";

    fn apply(&self, input: &Tensor) -> Tensor {
        input.softplus(1.0, 20.0)
    }
}

impl Builder {
    /// Adds `y = ln(1 + e^x)`: [`SoftplusConfig`].
    #[must_use]
    pub fn softplus(self) -> Self {
        self.layer(SoftplusConfig {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let output = SoftplusConfig {}.apply(&Tensor::from_slice(&[1.0, 2.0], [2]));
        for (y, expected) in output.as_slice().iter().zip([1.3132617, 2.126928]) {
            assert!((y - expected).abs() < 1e-6_f32, "{y} {expected}");
        }
    }
}
