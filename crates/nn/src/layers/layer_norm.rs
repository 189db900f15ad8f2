//! Layer normalization.

use glassbox_tensor::{Rng, Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::config::{Cost, LayerConfig, sees_later};
use super::dense::yes;
use crate::Parameters;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape, with_kind};
use crate::module::Module;
use crate::param::Param;

/// `type = "layer_norm"`: every item's values along its last axes are shifted and scaled to mean 0
/// and variance 1, then by a learned scale and shift (Ba, Kiros and Hinton 2016). Each item, and of
/// a sequence each step, is normalized by itself: training and evaluation are the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LayerNormConfig {
    /// How many of an item's last axes are normalized together.
    pub axes: usize,
    /// Added to the variance under the root, above 0.
    pub epsilon: f32,
    /// Whether there is a learned scale, and a learned shift unless `bias` is false.
    #[serde(default = "yes")]
    pub affine: bool,
    /// Whether a learned scale comes with a learned shift.
    #[serde(default = "yes")]
    pub bias: bool,
}

impl Default for LayerNormConfig {
    fn default() -> Self {
        Self { axes: 1, epsilon: 1e-5, affine: true, bias: true }
    }
}

impl LayerNormConfig {
    /// The axes that are normalized.
    fn normalized(&self, input: Shape) -> Result<Shape, BuildError> {
        let wrong = |expected: String, found: String| {
            BuildError::new("GB0204", Self::TYPE, expected, found)
        };
        if !(1..=input.rank()).contains(&self.axes) {
            let expected =
                format!("1 or more `axes`, at most the {} of {}", input.rank(), with_kind(input));
            return Err(wrong(expected, self.axes.to_string()).field("axes"));
        }
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            let expected = "an `epsilon` above 0".to_owned();
            return Err(wrong(expected, self.epsilon.to_string()).field("epsilon"));
        }
        let axes = &input.dims()[input.rank() - self.axes..];
        if axes.iter().all(|&length| length == 1) {
            let expected = "at least two values to normalize together".to_owned();
            return Err(wrong(expected, with_kind(input)));
        }
        checked_shape(Self::TYPE, axes)
    }
}

impl LayerConfig for LayerNormConfig {
    const TYPE: &'static str = "layer_norm";

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        self.normalized(input).map(|_| input)
    }

    fn build(&self, input: Shape, _rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        Ok(Box::new(LayerNorm::new(self, self.normalized(input)?)))
    }

    fn cost(&self, input: Shape) -> Result<Cost, BuildError> {
        let values = self.normalized(input)?.elements();
        let learned = usize::from(self.affine) + usize::from(self.affine && self.bias);
        let parameters = learned * values;
        Ok(Cost { parameters, ..Cost::default() })
    }

    fn sees_later_steps(&self, input: Shape) -> Option<BuildError> {
        (input.rank() >= 2 && self.axes == input.rank()).then(|| {
            sees_later(Self::TYPE, "the mean over all steps of the sequence")
                .field("axes")
                .help("axes = 1 normalizes every step by itself")
        })
    }
}

/// Layer normalization of the last axes:
/// `y = weight (x - mean) / √(variance + epsilon) + bias`, with the biased variance.
#[derive(Clone, Debug, Parameters)]
pub struct LayerNorm {
    /// The learned scale, of the shape of the normalized axes.
    pub weight: Option<Param>,
    /// The learned shift, of the same shape.
    pub bias: Option<Param>,
    #[parameters(skip)]
    axes: Shape,
    epsilon: f32,
}

impl LayerNorm {
    /// A layer that normalizes the last axes of inputs, which are of the shape `axes`.
    pub fn new(config: &LayerNormConfig, axes: impl Into<Shape>) -> Self {
        let axes = axes.into();
        let param = |wanted: bool, value: f32| {
            wanted.then(|| Param::new(Tensor::full(axes, value)).without_decay())
        };
        let (weight, bias) = (param(config.affine, 1.0), param(config.affine && config.bias, 0.0));
        Self { weight, bias, axes, epsilon: config.epsilon }
    }
}

impl Module for LayerNorm {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        let axes = self.axes;
        let fits = input.dims().ends_with(axes.dims());
        cx.expect_shape(
            LayerNormConfig::TYPE,
            input,
            fits,
            format_args!("items that end in {axes}"),
        );
        let weight = self.weight.as_ref().map(|weight| weight.on(cx));
        let bias = self.bias.as_ref().map(|bias| bias.on(cx));
        input.layer_norm(axes.rank(), weight.as_ref(), bias.as_ref(), self.epsilon)
    }

    fn kind(&self) -> &'static str {
        LayerNormConfig::TYPE
    }
}

impl Builder {
    /// Adds layer normalization over the last axis: [`LayerNormConfig`].
    #[must_use]
    pub fn layer_norm(self) -> Self {
        self.layer(LayerNormConfig::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_normalized_by_itself() {
        let layer = LayerNorm::new(&LayerNormConfig::default(), [2]);
        let x = Tensor::from_slice(&[1.0, 3.0, -50.0, 50.0], [1, 2, 2]);
        let y = layer.forward(&x, &mut Cx::train(0, 0)).to_vec();
        for (y, wanted) in y.iter().zip([-1.0, 1.0, -1.0, 1.0]) {
            assert!((y - wanted).abs() < 1e-4, "{y}");
        }
    }

    #[test]
    fn settings_that_cannot_work() {
        let shape = |axes: usize, epsilon: f32, input: &[usize]| {
            let config = LayerNormConfig { axes, epsilon, ..LayerNormConfig::default() };
            config.output_shape(Shape::new(input)).map_err(|error| error.to_string())
        };
        assert!(shape(2, 1e-5, &[4, 3]).is_ok() && shape(1, 1e-5, &[4, 3]).is_ok());
        for (axes, epsilon, input) in
            [(0, 1e-5, &[4][..]), (3, 1e-5, &[4, 3]), (1, 0.0, &[4]), (1, 1e-5, &[4, 1])]
        {
            let error = shape(axes, epsilon, input).unwrap_err();
            assert!(error.contains("layer_norm"), "{error}");
        }
        let sees = |axes: usize, input: &[usize]| {
            let config = LayerNormConfig { axes, ..LayerNormConfig::default() };
            config.sees_later_steps(Shape::new(input)).is_some()
        };
        assert!(sees(2, &[5, 3]) && !sees(1, &[5, 3]) && !sees(1, &[3]));
    }
}
