//! Global average pooling.

use glassbox_tensor::{Rng, Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::config::{LayerConfig, ReceptiveField, sees_later};
use crate::Parameters;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape, with_kind};
use crate::module::Module;

/// `type = "global_avg_pool"`: the mean of every channel over all places, which needs no weights
/// where flatten and dense need many (Lin, Chen and Yan 2014). Of a sequence, over its own steps:
/// padding does not count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GlobalAvgPoolConfig {}

impl LayerConfig for GlobalAvgPoolConfig {
    const TYPE: &'static str = "global_avg_pool";

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        match *input.dims() {
            [.., channels] if input.rank() >= 2 => {
                checked_shape(Self::TYPE, &input)?;
                checked_shape(Self::TYPE, &[channels])
            }
            _ => {
                let (expected, found) = ("images or sequences", with_kind(input));
                Err(BuildError::new("GB0202", Self::TYPE, expected, found)
                    .help("put it before any flatten or dense layer"))
            }
        }
    }

    fn build(&self, input: Shape, _rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        self.output_shape(input)?;
        Ok(Box::new(GlobalAvgPool))
    }

    fn sees_later_steps(&self, input: Shape) -> Option<BuildError> {
        (input.rank() >= 2).then(|| {
            sees_later(Self::TYPE, "a mean over all steps of the sequence")
                .help("remove it: a recurrent layer that runs forward gathers what came before")
        })
    }

    fn receptive_field(&self, _seen: ReceptiveField, _input: Shape) -> ReceptiveField {
        ReceptiveField::All
    }
}

/// The mean over all axes but the batch and the channels: `[batch, …, channels]` to
/// `[batch, channels]`, padding not counting.
#[derive(Clone, Debug, Parameters)]
pub struct GlobalAvgPool;

impl Module for GlobalAvgPool {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        cx.expect_shape("global_avg_pool", input, input.rank() >= 3, "images");
        let &[batch, ref places @ .., channels] = input.dims() else { unreachable!() };
        let by_place = [batch, places.iter().product(), channels];
        let Some(mask) = cx.step_mask("global_avg_pool", input) else {
            return input.reshape(by_place).mean(1);
        };
        // Σ over the steps that count / their number, and that of the places of a step.
        let of_a_step: usize = places[1..].iter().product();
        let counts = Tensor::build([batch, 1], |out| {
            for (out, flags) in out.iter_mut().zip(mask.as_i32().chunks_exact(places[0].max(1))) {
                *out = (flags.iter().sum::<i32>().max(1) as usize * of_a_step) as f32;
            }
        });
        let counted = mask.select(input, &Tensor::scalar(0.0));
        &counted.reshape(by_place).sum(1) / &counts
    }

    fn kind(&self) -> &'static str {
        GlobalAvgPoolConfig::TYPE
    }
}

impl Builder {
    /// Adds the mean of every channel: [`GlobalAvgPoolConfig`].
    #[must_use]
    pub fn global_avg_pool(self) -> Self {
        self.layer(GlobalAvgPoolConfig {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_each_channel() {
        let image = Tensor::from_slice(&[1., 10., 2., 20., 3., 30., 4., 40.], [1, 2, 2, 2]);
        assert_eq!(GlobalAvgPool.forward(&image, &mut Cx::eval()).to_vec(), [2.5, 25.0]);
        assert!(GlobalAvgPoolConfig {}.output_shape([7].into()).is_err());
    }
}
