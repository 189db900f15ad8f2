//! A fully connected layer: `y = x W + b`.

use glassbox_tensor::{Activation, PreparedLinear, Rng, Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::config::{Cost, LayerConfig, ReceptiveField, at_least_one, counted};
use super::ready::Ready;
use crate::Parameters;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape, checked_size, with_kind};
use crate::init::{Fans, Init};
use crate::module::Module;
use crate::param::Param;

/// `type = "dense"`: every output is a weighted sum of all inputs, plus a bias.
///
/// On a sequence `[time, features]` the same weights work at every step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseConfig {
    /// How many outputs.
    pub units: usize,
    /// Whether a bias is added.
    #[serde(default = "yes")]
    pub bias: bool,
    /// How the weights start.
    #[serde(default)]
    pub init: Init,
    /// How many inputs there must be. Left out, as many as the layer before gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<usize>,
}

pub(super) fn yes() -> bool {
    true
}

impl DenseConfig {
    /// So many outputs, with a bias.
    pub fn new(units: usize) -> Self {
        Self { units, bias: true, init: Init::Default, inputs: None }
    }

    fn inputs(&self, input: Shape) -> Result<usize, BuildError> {
        let error =
            |code, expected: String| BuildError::new(code, Self::TYPE, expected, with_kind(input));
        let inputs = match *input.dims() {
            [inputs] | [_, inputs] => inputs,
            [] => return Err(error("GB0202", "a list or a sequence of numbers".into())),
            _ => {
                return Err(error("GB0202", "a list of numbers".into()).help(
                    "put { type = \"flatten\" } or { type = \"global_avg_pool\" } before it",
                ));
            }
        };
        checked_shape(Self::TYPE, &input)?;
        at_least_one(Self::TYPE, "units", self.units)?;
        match self.inputs {
            Some(declared) if declared != inputs => Err(BuildError::new(
                "GB0203",
                Self::TYPE,
                format!("{declared} inputs"),
                inputs.to_string(),
            )
            .field("inputs")
            .help("remove `inputs`: it follows from the layer before")),
            _ => Ok(inputs),
        }
    }
}

impl LayerConfig for DenseConfig {
    const TYPE: &'static str = "dense";

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        let inputs = self.inputs(input)?;
        checked_size(Self::TYPE, "weights", &[inputs, self.units])?;
        let mut output = input;
        if let Some(last) = output.dims_mut().last_mut() {
            *last = self.units;
        }
        checked_shape(Self::TYPE, &output)
    }

    fn build(&self, input: Shape, rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        self.output_shape(input)?;
        Ok(Box::new(Dense::new(self, self.inputs(input)?, rng)))
    }

    fn describe(&self) -> String {
        format!("dense, {}", counted(self.units, "unit"))
    }

    fn cost(&self, input: Shape) -> Result<Cost, BuildError> {
        let output = self.output_shape(input)?;
        let inputs = self.inputs(input)?;
        let parameters = inputs * self.units + if self.bias { self.units } else { 0 };
        let macs = output.elements() as u64 * inputs as u64;
        Ok(Cost { parameters, macs, ..Cost::default() })
    }

    fn receptive_field(&self, seen: ReceptiveField, input: Shape) -> ReceptiveField {
        if input.rank() == 1 { ReceptiveField::All } else { seen }
    }
}

/// A fully connected layer, from `[…, inputs]` to `[…, units]`: `y = x W + b`.
#[derive(Clone, Debug, Parameters)]
pub struct Dense {
    /// `[inputs, units]`.
    pub weight: Param,
    /// `[units]`.
    pub bias: Option<Param>,
    #[parameters(skip)]
    ready: Ready<PreparedLinear>,
}

impl Dense {
    /// A layer with fresh weights.
    pub fn new(config: &DenseConfig, inputs: usize, rng: &mut Rng) -> Self {
        let weight = config.init.weight([inputs, config.units], rng);
        let fans = Fans::of(weight.shape());
        let bias = config.bias.then(|| config.init.bias(config.units, fans, rng));
        Self {
            weight: Param::new(weight),
            bias: bias.map(|bias| Param::new(bias).without_decay()),
            ready: Ready::default(),
        }
    }
}

impl Dense {
    /// The layer, and an activation that it applies while it stores its result.
    pub(crate) fn forward_activated(
        &self,
        input: &Tensor,
        activation: Activation,
        cx: &mut Cx,
    ) -> Tensor {
        let inputs = self.weight.shape()[0];
        let fits = input.dims().last() == Some(&inputs);
        cx.expect_shape("dense", input, fits, format_args!("{inputs} inputs"));
        let bias = self.bias.as_ref().map(|bias| bias.tensor(cx));
        let weight = self.weight.tensor(cx);
        let prepare = || PreparedLinear::new(&weight, input.shape());
        let ready = self.ready.get(cx, |prepared| prepared.is_of(&weight), prepare);
        input.linear_prepared(&weight, ready.as_ref(), bias.as_deref(), activation)
    }
}

impl Module for Dense {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        self.forward_activated(input, Activation::Identity, cx)
    }

    fn kind(&self) -> &'static str {
        DenseConfig::TYPE
    }
}

impl Builder {
    /// Adds a fully connected layer with a bias: [`DenseConfig`].
    #[must_use]
    pub fn dense(self, units: usize) -> Self {
        self.layer(DenseConfig::new(units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sums_weighted_inputs() {
        let config = DenseConfig { init: Init::Constant { value: 2.0 }, ..DenseConfig::new(2) };
        let mut layer = Dense::new(&config, 3, &mut Rng::new(0));
        layer.bias.as_mut().unwrap().set(&Tensor::from_slice(&[0.0, -20.0], [2]));
        let input = Tensor::from_slice(&[1.0, 2.0, 3.0], [1, 3]);
        assert_eq!(layer.forward(&input, &mut Cx::eval()).to_vec(), [12.0, -8.0]);
        let rectified = layer.forward_activated(&input, Activation::Relu, &mut Cx::eval());
        assert_eq!(rectified.to_vec(), [12.0, 0.0]);
    }

    #[test]
    fn a_wrong_number_of_inputs_is_an_error() {
        let config = DenseConfig { inputs: Some(1568), ..DenseConfig::new(10) };
        let error = config.output_shape([3136].into()).unwrap_err();
        assert_eq!((error.code, error.field), ("GB0203", Some("inputs")));
        let error = DenseConfig::new(10).output_shape([8, 8, 1].into()).unwrap_err();
        assert!(error.help.contains("flatten"), "{error}");
    }

    #[test]
    #[should_panic(expected = "layer 3 (dense) expects 3 inputs, got a batch of shape 1×2")]
    fn a_wrong_batch_names_the_layer() {
        let layer = Dense::new(&DenseConfig::new(2), 3, &mut Rng::new(0));
        Cx::eval().scope(3, |cx| layer.forward(&Tensor::zeros([1, 2]), cx));
    }
}
