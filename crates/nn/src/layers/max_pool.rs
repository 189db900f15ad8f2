//! Max pooling.

use glassbox_tensor::{MaxPoolOptions, Rng, Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::config::{LayerConfig, ReceptiveField, image_dims, sees_later};
use super::geometry::{PaddingConfig, Size2d};
use super::window::{check_pool, describe_pool};
use crate::Parameters;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape};
use crate::module::Module;

/// `type = "max_pool"`: the largest value of every window, channel by channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaxPoolConfig {
    /// The window, `2` or `[height, width]`.
    pub size: Size2d,
    /// Pixels from one window to the next. Left out, windows do not overlap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stride: Option<Size2d>,
    /// What surrounds the image; it never wins.
    pub padding: PaddingConfig,
}

impl Default for MaxPoolConfig {
    fn default() -> Self {
        Self { size: 2.into(), stride: None, padding: PaddingConfig::Valid }
    }
}

impl LayerConfig for MaxPoolConfig {
    const TYPE: &'static str = "max_pool";

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        let [height, width, channels] = image_dims(Self::TYPE, input)?;
        let stride = self.stride.unwrap_or(self.size);
        let [height, width] =
            check_pool(Self::TYPE, [height, width], self.size, stride, self.padding)?;
        checked_shape(Self::TYPE, &[height, width, channels])
    }

    fn build(&self, input: Shape, _rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        self.output_shape(input)?;
        Ok(Box::new(MaxPool::new(self)))
    }

    fn describe(&self) -> String {
        describe_pool(Self::TYPE, self.size, self.stride)
    }

    fn sees_later_steps(&self, _input: Shape) -> Option<BuildError> {
        (self.size.height > 1).then(|| {
            sees_later(Self::TYPE, "windows over several steps of the sequence")
                .field("size")
                .help("size = [1, …]: a window of one step")
        })
    }

    fn receptive_field(&self, seen: ReceptiveField, _input: Shape) -> ReceptiveField {
        seen.through(self.size.dims(), self.stride.unwrap_or(self.size).dims())
    }
}

/// Max pooling of `[batch, height, width, channels]`.
#[derive(Clone, Debug, Parameters)]
pub struct MaxPool {
    #[parameters(skip)]
    options: MaxPoolOptions,
}

impl MaxPool {
    /// A layer with these settings.
    pub fn new(config: &MaxPoolConfig) -> Self {
        let options = MaxPoolOptions {
            stride: config.stride.unwrap_or(config.size).dims(),
            padding: config.padding.into(),
            ..MaxPoolOptions::new(config.size.dims())
        };
        Self { options }
    }
}

impl Module for MaxPool {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        cx.expect_shape("max_pool", input, input.rank() == 4, "images");
        cx.expect_no_padding("max_pool");
        input.max_pool(&self.options)
    }

    fn kind(&self) -> &'static str {
        MaxPoolConfig::TYPE
    }
}

impl Builder {
    /// Adds max pooling over windows that do not overlap: [`MaxPoolConfig`].
    #[must_use]
    pub fn max_pool(self, size: impl Into<Size2d>) -> Self {
        self.layer(MaxPoolConfig { size: size.into(), ..Default::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_of_each_window() {
        let image = Tensor::from_vec((0..16).map(|x| x as f32).collect(), [1, 4, 4, 1]);
        let layer = MaxPool::new(&MaxPoolConfig::default());
        assert_eq!(layer.forward(&image, &mut Cx::eval()).to_vec(), [5.0, 7.0, 13.0, 15.0]);
    }

    #[test]
    fn padding_of_more_than_half_the_window_is_an_error() {
        let config = MaxPoolConfig { padding: 2.into(), ..Default::default() };
        let error = config.output_shape([8, 8, 1].into()).unwrap_err();
        assert_eq!((error.code, error.field), ("GB0204", Some("padding")));
    }
}
