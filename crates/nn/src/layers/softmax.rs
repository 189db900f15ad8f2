//! Softmax as a layer.

use glassbox_tensor::{Rng, Shape, Tensor};
use serde::{Deserialize, Serialize};

use super::config::{LayerConfig, sees_later};
use crate::Parameters;
use crate::builder::Builder;
use crate::context::Cx;
use crate::error::{BuildError, with_kind};
use crate::module::Module;

/// `type = "softmax"`: positive values that sum to 1 along an axis, `y = e^x / Σ e^x`.
///
/// The loss `cross_entropy` contains it already: a classifier ends with its dense layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SoftmaxConfig {
    /// The axis of an item that sums to 1, counted from the first; negative from the last.
    pub axis: isize,
}

impl Default for SoftmaxConfig {
    fn default() -> Self {
        Self { axis: -1 }
    }
}

impl LayerConfig for SoftmaxConfig {
    const TYPE: &'static str = "softmax";

    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
        let rank = input.rank() as isize;
        if (-rank..rank).contains(&self.axis) {
            return Ok(input);
        }
        let expected = format!("an `axis` of {}", with_kind(input));
        Err(BuildError::new("GB0204", Self::TYPE, expected, self.axis.to_string()).field("axis"))
    }

    fn build(&self, input: Shape, _rng: &mut Rng) -> Result<Box<dyn Module>, BuildError> {
        self.output_shape(input)?;
        Ok(Box::new(Softmax { axis: self.axis }))
    }

    fn sees_later_steps(&self, input: Shape) -> Option<BuildError> {
        let over_time = input.rank() >= 2 && time_axis(self.axis, input.rank());
        over_time.then(|| {
            sees_later(Self::TYPE, "a sum over all steps of the sequence")
                .field("axis")
                .help("axis = -1 normalizes every step by itself")
        })
    }
}

/// Whether `axis` of an item with so many axes is its first, the steps of a sequence.
fn time_axis(axis: isize, rank: usize) -> bool {
    axis == 0 || axis + rank as isize == 0
}

/// Softmax along an axis of each item; along the axis of time, padding gets 0.
#[derive(Clone, Debug, Parameters)]
pub struct Softmax {
    /// The axis of an item, counted from the first; negative from the last.
    pub axis: isize,
}

impl Module for Softmax {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        // The batch is the first axis of the tensor.
        let axis = if self.axis < 0 { self.axis } else { self.axis + 1 };
        let over_time = input.rank() >= 3 && time_axis(self.axis, input.rank() - 1);
        match over_time.then(|| cx.step_mask("softmax", input)).flatten() {
            // e^x of padding is 0 beside any finite score; an item without steps gets zeros.
            Some(mask) => {
                let scores = mask.select(input, &Tensor::scalar(f32::MIN / 2.0));
                mask.select(&scores.softmax(axis), &Tensor::scalar(0.0))
            }
            None => input.softmax(axis),
        }
    }

    fn kind(&self) -> &'static str {
        SoftmaxConfig::TYPE
    }
}

impl Builder {
    /// Adds a softmax along the last axis: [`SoftmaxConfig`].
    #[must_use]
    pub fn softmax(self) -> Self {
        self.layer(SoftmaxConfig::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sums_to_one_along_the_axis() {
        let input = Tensor::from_slice(&[1.0, 2.0, 3.0, 1.0, 5.0, 3.0], [1, 2, 3]);
        let mut cx = Cx::eval();
        let rows = Softmax { axis: -1 }.forward(&input, &mut cx).to_vec();
        assert!((rows[..3].iter().sum::<f32>() - 1.0).abs() < 1e-6);
        let columns = Softmax { axis: 0 }.forward(&input, &mut cx).to_vec();
        assert!((columns[0] - 0.5).abs() < 1e-6 && (columns[1] + columns[4] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn axes_that_are_not_there_are_errors() {
        for (axis, works) in [(-3, false), (-2, true), (1, true), (2, false), (isize::MIN, false)] {
            assert_eq!(SoftmaxConfig { axis }.output_shape([2, 3].into()).is_ok(), works);
        }
    }
}
