//! Gaussian error linear unit.

use glassbox_tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::activation::ActivationConfig;
use crate::builder::Builder;

/// `type = "gelu"`: `y = x Φ(x)` with the normal distribution function Φ (Hendrycks and Gimpel
/// 2016).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GeluConfig {
    /// Whether Φ is approximated by `½ (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
    pub approximate: bool,
}

impl ActivationConfig for GeluConfig {
    const NAME: &'static str = "gelu";

    fn apply(&self, input: &Tensor) -> Tensor {
        if self.approximate { input.gelu_tanh() } else { input.gelu() }
    }
}

impl Builder {
    /// Adds `y = x Φ(x)`: [`GeluConfig`].
    #[must_use]
    pub fn gelu(self) -> Self {
        self.layer(GeluConfig::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let input = Tensor::from_slice(&[0.0, 1.0], [2]);
        for (approximate, at_one) in [(false, 0.841_344_7), (true, 0.841_192)] {
            let output = GeluConfig { approximate }.apply(&input);
            assert!(output.as_slice()[0].abs() < 1e-6);
            assert!((output.as_slice()[1] - at_one).abs() < 1e-6, "{output:?}");
        }
    }
}
