//! Dropout.

use glassbox_tensor::{Rng, Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::config::LayerConfig;
use crate::Parameters;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::BuildError;
use crate::module::Module;

/// `type = "dropout"`: in training, every value becomes 0 with probability `p` and is divided by
/// `1 - p` otherwise; evaluation changes nothing (Srivastava et al. 2014).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DropoutConfig {
    /// The probability that a value is dropped, in `[0, 1)`.
    pub p: f32,
}

impl Default for DropoutConfig {
    fn default() -> Self {
        Self { p: 0.5 }
    }
}

impl LayerConfig for DropoutConfig {
    const TYPE: &'static str = "dropout";

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        if (0.0..1.0).contains(&self.p) {
            return Ok(input);
        }
        let expected = "a probability `p` of at least 0 and less than 1";
        Err(BuildError::new("GB0204", Self::TYPE, expected, self.p.to_string()).field("p"))
    }

    fn build(&self, input: Shape, _rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        self.output_shape(input)?;
        Ok(Box::new(Dropout { p: self.p }))
    }

    fn describe(&self) -> String {
        format!("dropout {}", self.p)
    }
}

/// Dropout of values of any shape. Which values are dropped is a function of the context's seed,
/// step and call, and of their place.
#[derive(Clone, Debug, Parameters)]
pub struct Dropout {
    /// The probability that a value is dropped, in `[0, 1)`.
    pub p: f32,
}

impl Module for Dropout {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        if !cx.is_training() {
            return input.clone();
        }
        input.dropout(self.p, cx.next_rng())
    }

    fn kind(&self) -> &'static str {
        DropoutConfig::TYPE
    }
}

impl Builder {
    /// Adds dropout: [`DropoutConfig`].
    #[must_use]
    pub fn dropout(self, p: f32) -> Self {
        self.layer(DropoutConfig { p })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_drops_and_scales_in_training_only() {
        let (layer, input) = (Dropout { p: 0.25 }, Tensor::ones([10_000]));
        let output = layer.forward(&input, &mut Cx::train(1, 2));
        let dropped = output.as_slice().iter().filter(|&&y| y == 0.0).count();
        assert!((2300..2700).contains(&dropped), "{dropped}");
        let kept = output.as_slice().iter().filter(|&&y| (y - 1.0 / 0.75).abs() < 1e-6).count();
        assert_eq!(dropped + kept, 10_000);
        assert_eq!(layer.forward(&input, &mut Cx::eval()).to_vec(), input.to_vec());
    }

    #[test]
    fn every_layer_and_step_drops_others_and_repeats_itself() {
        let layer = Dropout { p: 0.5 };
        let twice = |step| {
            let mut cx = Cx::train(1, step);
            [(); 2].map(|()| layer.forward(&Tensor::ones([64]), &mut cx).to_vec())
        };
        let [first, second] = twice(7);
        assert_ne!(first, second);
        assert_eq!([first.clone(), second], twice(7));
        assert_ne!(first, twice(8)[0]);
    }

    #[test]
    fn impossible_probabilities_are_errors() {
        for p in [-0.1, 1.0, f32::NAN] {
            assert_eq!(DropoutConfig { p }.output_shape([3].into()).unwrap_err().field, Some("p"));
        }
    }
}
