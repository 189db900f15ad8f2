//! Two-dimensional convolution.

use glassbox_tensor::{Activation, Conv2dOptions, PreparedConv2d, Rng, Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::config::{
    Cost, LayerConfig, ReceptiveField, at_least_one, counted, image_dims, sees_later,
};
use super::dense::yes;
use super::geometry::{PaddingConfig, Size2d};
use super::ready::Ready;
use super::window::{check_window, span};
use crate::Parameters;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape, checked_size};
use crate::init::{Fans, Init};
use crate::module::Module;
use crate::param::Param;

/// `type = "conv2d"`: small filters slide over the image; each output pixel is a weighted sum of
/// the window under the filter (LeCun et al. 1989).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2dConfig {
    /// How many filters: the channels of the output.
    pub filters: usize,
    /// The window, `3` or `[height, width]`.
    pub kernel: Size2d,
    /// Pixels from one place of the window to the next.
    #[serde(default = "one")]
    pub stride: Size2d,
    /// What surrounds the image: `"valid"`, `"same"`, `1` or `[rows, columns]`.
    #[serde(default)]
    pub padding: PaddingConfig,
    /// Pixels from one tap of the window to the next.
    #[serde(default = "one")]
    pub dilation: Size2d,
    /// Channels and filters are divided into so many groups; a filter sees its own group only. As
    /// many as channels is a depthwise convolution.
    #[serde(default = "one_group")]
    pub groups: usize,
    /// Whether a bias is added. Before batch_norm it has no effect.
    #[serde(default = "yes")]
    pub bias: bool,
    /// How the weights start.
    #[serde(default)]
    pub init: Init,
    /// How many channels there must be. Left out, as many as the layer before gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<usize>,
}

fn one() -> Size2d {
    1.into()
}

fn one_group() -> usize {
    1
}

impl Conv2dConfig {
    /// So many filters of this size; stride 1, no padding, with a bias.
    pub fn new(filters: usize, kernel: impl Into<Size2d>) -> Self {
        Self {
            filters,
            kernel: kernel.into(),
            stride: one(),
            padding: PaddingConfig::Valid,
            dilation: one(),
            groups: 1,
            bias: true,
            init: Init::Default,
            inputs: None,
        }
    }

    fn options(&self) -> Conv2dOptions {
        Conv2dOptions {
            stride: self.stride.dims(),
            padding: self.padding.into(),
            dilation: self.dilation.dims(),
            groups: self.groups,
            ..Default::default()
        }
    }

    /// `[kernel height, kernel width, channels / groups, filters]`.
    fn weight_shape(&self, channels: usize) -> [usize; 4] {
        [self.kernel.height, self.kernel.width, channels / self.groups.max(1), self.filters]
    }

    fn check_channels(&self, channels: usize) -> Result<(), BuildError> {
        at_least_one(Self::TYPE, "filters", self.filters)?;
        at_least_one(Self::TYPE, "groups", self.groups)?;
        if let Some(declared) = self.inputs.filter(|&declared| declared != channels) {
            let (expected, found) = (format!("{declared} channels"), channels.to_string());
            return Err(BuildError::new("GB0203", Self::TYPE, expected, found)
                .field("inputs")
                .help("remove `inputs`: it follows from the layer before"));
        }
        if !channels.is_multiple_of(self.groups) || !self.filters.is_multiple_of(self.groups) {
            return Err(BuildError::new(
                "GB0204",
                Self::TYPE,
                format!("channels and filters that divide into {} groups", self.groups),
                format!("{channels} channels and {} filters", self.filters),
            )
            .field("groups"));
        }
        Ok(())
    }
}

impl LayerConfig for Conv2dConfig {
    const TYPE: &'static str = "conv2d";

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        let [height, width, channels] = image_dims(Self::TYPE, input)?;
        self.check_channels(channels)?;
        let [height, width] = check_window(
            Self::TYPE,
            "kernel",
            [height, width],
            self.kernel,
            self.stride,
            self.dilation,
            self.padding,
        )?;
        checked_size(Self::TYPE, "weights", &self.weight_shape(channels))?;
        checked_shape(Self::TYPE, &[height, width, self.filters])
    }

    fn build(&self, input: Shape, rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        self.output_shape(input)?;
        let [_, _, channels] = image_dims(Self::TYPE, input)?;
        Ok(Box::new(Conv2d::new(self, channels, rng)))
    }

    fn describe(&self) -> String {
        let mut text = format!("conv2d {}, {}", self.kernel, counted(self.filters, "filter"));
        for (name, size) in [("stride", self.stride), ("dilation", self.dilation)] {
            if size != one() {
                text += &format!(", {name} {}", size.short());
            }
        }
        if self.groups > 1 {
            text += &format!(", {} groups", self.groups);
        }
        text
    }

    fn cost(&self, input: Shape) -> Result<Cost, BuildError> {
        let output = self.output_shape(input)?;
        let [_, _, channels] = image_dims(Self::TYPE, input)?;
        let weights: usize = self.weight_shape(channels).iter().product();
        let parameters = weights + if self.bias { self.filters } else { 0 };
        let macs = (output[0] * output[1]) as u64 * weights as u64;
        Ok(Cost { parameters, macs, ..Cost::default() })
    }

    fn sees_later_steps(&self, _input: Shape) -> Option<BuildError> {
        (self.kernel.height > 1).then(|| {
            sees_later(Self::TYPE, "windows over several steps of the sequence")
                .field("kernel")
                .help("kernel = [1, …]: a window of one step")
        })
    }

    fn receptive_field(&self, seen: ReceptiveField, _input: Shape) -> ReceptiveField {
        seen.through(span(self.kernel, self.dilation), self.stride.dims())
    }
}

/// A convolution, from `[batch, height, width, channels]` to
/// `[batch, height, width, filters]`.
#[derive(Clone, Debug, Parameters)]
pub struct Conv2d {
    /// `[kernel height, kernel width, channels / groups, filters]`.
    pub weight: Param,
    /// `[filters]`.
    pub bias: Option<Param>,
    #[parameters(skip)]
    options: Conv2dOptions,
    #[parameters(skip)]
    ready: Ready<PreparedConv2d>,
}

impl Conv2d {
    /// A layer with fresh weights.
    pub fn new(config: &Conv2dConfig, channels: usize, rng: &mut Rng) -> Self {
        let weight = config.init.weight(config.weight_shape(channels), rng);
        let fans = Fans::of(weight.shape());
        let bias = config.bias.then(|| config.init.bias(config.filters, fans, rng));
        Self {
            weight: Param::new(weight),
            bias: bias.map(|bias| Param::new(bias).without_decay()),
            options: config.options(),
            ready: Ready::default(),
        }
    }
}

impl Conv2d {
    /// The layer, and an activation that it applies while it stores its result.
    pub(crate) fn forward_activated(
        &self,
        input: &Tensor,
        activation: Activation,
        cx: &mut Cx,
    ) -> Tensor {
        let channels = self.weight.shape()[2] * self.options.groups;
        let fits = input.rank() == 4 && input.dims()[3] == channels;
        cx.expect_shape("conv2d", input, fits, format_args!("images of {channels} channels"));
        cx.expect_no_padding("conv2d");
        let bias = self.bias.as_ref().map(|bias| bias.tensor(cx));
        let options = Conv2dOptions { precision: cx.precision(), ..self.options };
        let weight = self.weight.tensor(cx);
        let prepare = || PreparedConv2d::new(&weight, input.shape(), &options);
        let ready = self.ready.get(cx, |prepared| prepared.is_of(&weight), prepare);
        input.conv2d_prepared(&weight, ready.as_ref(), bias.as_deref(), &options, activation)
    }
}

impl Module for Conv2d {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        self.forward_activated(input, Activation::Identity, cx)
    }

    fn kind(&self) -> &'static str {
        Conv2dConfig::TYPE
    }
}

impl Builder {
    /// Adds a convolution with stride 1, no padding and a bias: [`Conv2dConfig`].
    #[must_use]
    pub fn conv2d(self, filters: usize, kernel: impl Into<Size2d>) -> Self {
        self.layer(Conv2dConfig::new(filters, kernel))
    }
}

#[cfg(test)]
mod tests {
    use glassbox_tensor::Precision;

    use super::*;

    #[test]
    fn a_dirac_kernel_is_the_identity() {
        let config = Conv2dConfig {
            init: Init::Dirac { groups: 1 },
            padding: PaddingConfig::Same,
            ..Conv2dConfig::new(2, 3)
        };
        let layer = Conv2d::new(&config, 2, &mut Rng::new(0));
        let image = Tensor::from_vec((0..32).map(|x| x as f32 - 9.0).collect(), [1, 4, 4, 2]);
        assert_eq!(layer.forward(&image, &mut Cx::eval()).to_vec(), image.to_vec());
        let rectified = layer.forward_activated(&image, Activation::Relu, &mut Cx::eval());
        assert!(rectified.as_slice().iter().zip(image.as_slice()).all(|(y, x)| *y == x.max(0.0)));
    }

    #[test]
    fn the_context_decides_about_precision() {
        let config = Conv2dConfig { padding: PaddingConfig::Same, ..Conv2dConfig::new(16, 3) };
        let layer = Conv2d::new(&config, 16, &mut Rng::new(0));
        let mut rng = Rng::new(1);
        let image = Tensor::build([1, 16, 16, 16], |out| out.fill_with(|| rng.normal()));
        let output =
            |precision| layer.forward(&image, &mut Cx::eval().with_precision(precision)).to_vec();
        let (fast, exact) = (output(Precision::Fast), output(Precision::Exact));
        assert_ne!(fast, exact);
        assert!(fast.iter().zip(&exact).all(|(fast, exact)| (fast - exact).abs() < 1e-5));
    }

    #[test]
    fn impossible_settings_are_errors() {
        let plain = Conv2dConfig::new(8, 3);
        let image = Shape::from([8, 8, 4]);
        for (config, input, code, field) in [
            (plain.clone(), [32].into(), "GB0202", None),
            (Conv2dConfig { groups: 3, ..plain.clone() }, image, "GB0204", Some("groups")),
            (Conv2dConfig { groups: 0, ..plain.clone() }, image, "GB0204", Some("groups")),
            (Conv2dConfig { filters: 0, ..plain.clone() }, image, "GB0204", Some("filters")),
            (Conv2dConfig { stride: 0.into(), ..plain.clone() }, image, "GB0204", Some("stride")),
            (Conv2dConfig { kernel: 9.into(), ..plain.clone() }, image, "GB0205", Some("kernel")),
            (Conv2dConfig { inputs: Some(3), ..plain.clone() }, image, "GB0203", Some("inputs")),
            (Conv2dConfig { filters: usize::MAX, ..plain.clone() }, image, "GB0206", None),
            (
                Conv2dConfig { padding: usize::MAX.into(), ..plain },
                image,
                "GB0206",
                Some("padding"),
            ),
        ] {
            let error = config.output_shape(input).unwrap_err();
            assert_eq!((error.code, error.field), (code, field), "{error}");
        }
    }
}
