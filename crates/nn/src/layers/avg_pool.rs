//! Average pooling.

use glassbox_tensor::{AvgPoolOptions, Rng, Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::config::{LayerConfig, ReceptiveField, image_dims, sees_later};
use super::geometry::{PaddingConfig, Size2d};
use super::window::{check_pool, describe_pool};
use crate::Parameters;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape};
use crate::module::Module;

/// `type = "avg_pool"`: the mean of every window, channel by channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AvgPoolConfig {
    /// The window, `2` or `[height, width]`.
    pub size: Size2d,
    /// Pixels from one window to the next. Left out, windows do not overlap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stride: Option<Size2d>,
    /// What surrounds the image; its zeros count.
    pub padding: PaddingConfig,
}

impl Default for AvgPoolConfig {
    fn default() -> Self {
        Self { size: 2.into(), stride: None, padding: PaddingConfig::Valid }
    }
}

impl LayerConfig for AvgPoolConfig {
    const TYPE: &'static str = "avg_pool";

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        let [height, width, channels] = image_dims(Self::TYPE, input)?;
        let stride = self.stride.unwrap_or(self.size);
        let [height, width] =
            check_pool(Self::TYPE, [height, width], self.size, stride, self.padding)?;
        checked_shape(Self::TYPE, &[height, width, channels])
    }

    fn build(&self, input: Shape, _rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        self.output_shape(input)?;
        Ok(Box::new(AvgPool::new(self)))
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

/// Average pooling of `[batch, height, width, channels]`.
#[derive(Clone, Debug, Parameters)]
pub struct AvgPool {
    #[parameters(skip)]
    options: AvgPoolOptions,
}

impl AvgPool {
    /// A layer with these settings.
    pub fn new(config: &AvgPoolConfig) -> Self {
        let options = AvgPoolOptions {
            stride: config.stride.unwrap_or(config.size).dims(),
            padding: config.padding.into(),
            ..AvgPoolOptions::new(config.size.dims())
        };
        Self { options }
    }
}

impl Module for AvgPool {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        cx.expect_shape("avg_pool", input, input.rank() == 4, "images");
        cx.expect_no_padding("avg_pool");
        input.avg_pool(&self.options)
    }

    fn kind(&self) -> &'static str {
        AvgPoolConfig::TYPE
    }
}

impl Builder {
    /// Adds average pooling over windows that do not overlap: [`AvgPoolConfig`].
    #[must_use]
    pub fn avg_pool(self, size: impl Into<Size2d>) -> Self {
        self.layer(AvgPoolConfig { size: size.into(), ..Default::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_each_window() {
        let image = Tensor::from_vec((0..16).map(|x| x as f32).collect(), [1, 4, 4, 1]);
        let layer = AvgPool::new(&AvgPoolConfig::default());
        assert_eq!(layer.forward(&image, &mut Cx::eval()).to_vec(), [2.5, 4.5, 10.5, 12.5]);
    }
}
