//! Flatten: an image as a list.

use glassbox_tensor::{Rng, Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::config::{LayerConfig, sees_later};
use crate::Parameters;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::{BuildError, checked_shape, checked_size};
use crate::module::Module;

/// `type = "flatten"`: all values of an item in one list, row by row, channels innermost. Where a
/// sequence is shorter than others, zeros follow its steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlattenConfig {}

impl LayerConfig for FlattenConfig {
    const TYPE: &'static str = "flatten";

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        let length = checked_size(Self::TYPE, "values an item", &input)?;
        checked_shape(Self::TYPE, &[length])
    }

    fn build(&self, input: Shape, _rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        self.output_shape(input)?;
        Ok(Box::new(Flatten))
    }

    fn sees_later_steps(&self, input: Shape) -> Option<BuildError> {
        (input.rank() >= 2).then(|| {
            sees_later(Self::TYPE, "all steps of the sequence in one list")
                .help("remove it: a dense layer works on every step by itself")
        })
    }
}

/// `[batch, …]` to `[batch, values]`, without copying; padding of sequences becomes zeros.
#[derive(Clone, Debug, Parameters)]
pub struct Flatten;

impl Module for Flatten {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        cx.expect_shape("flatten", input, input.rank() >= 1, "a batch");
        let (&batch, rest) = input.dims().split_first().expect("just checked");
        let input = cx.without_padding("flatten", input);
        input.reshape([batch, rest.iter().product()])
    }

    fn kind(&self) -> &'static str {
        FlattenConfig::TYPE
    }
}

impl Builder {
    /// Adds a flatten: [`FlattenConfig`].
    #[must_use]
    pub fn flatten(self) -> Self {
        self.layer(FlattenConfig {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_become_lists() {
        let output = Flatten.forward(&Tensor::zeros([5, 2, 3, 4]), &mut Cx::eval());
        assert_eq!(output.dims(), [5, 24]);
        assert_eq!(Flatten.forward(&Tensor::zeros([0, 2, 3]), &mut Cx::eval()).dims(), [0, 6]);
        assert_eq!(FlattenConfig {}.output_shape([].into()).unwrap().dims(), [1]);
    }
}
