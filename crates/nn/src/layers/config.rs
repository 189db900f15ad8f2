//! What every layer's configuration can tell, before anything is allocated.

use std::fmt;

use glassbox_tensor::{Activation, Rng, Shape};

use crate::error::{BuildError, checked_shape, with_kind};
use crate::graph::Join;
use crate::module::Module;

/// The configuration of a layer: plain data that recipes, builders and checkpoints share.
///
/// Shapes are those of one item, without the batch axis: `[height, width, channels]` for images,
/// `[time, features]` for sequences, `[features]` otherwise. Nothing here panics, whatever the
/// settings are.
pub trait LayerConfig: Clone + fmt::Debug + PartialEq {
    /// The `type` in recipes.
    const TYPE: &'static str;

    /// The shape of the output for an input of this shape.
    ///
    /// # Errors
    /// When the layer cannot work on such inputs, or its settings are impossible.
    fn output_shape(&self, input: Shape) -> Result<Shape, BuildError>;

    /// The layer, with weights drawn from `rng`.
    ///
    /// # Errors
    /// As [`LayerConfig::output_shape`].
    fn build(&self, input: Shape, rng: &mut Rng) -> Result<Box<dyn Module>, BuildError>;

    /// What the layer is, in a few words: `conv2d 3×3, 32 filters`.
    fn describe(&self) -> String {
        Self::TYPE.to_owned()
    }

    /// What the layer holds and computes.
    ///
    /// # Errors
    /// As [`LayerConfig::output_shape`].
    fn cost(&self, input: Shape) -> Result<Cost, BuildError> {
        self.output_shape(input).map(|_| Cost::default())
    }

    /// How much of the image one output value depends on, when an input value of this layer
    /// depends on `seen`.
    fn receptive_field(&self, seen: ReceptiveField, _input: Shape) -> ReceptiveField {
        seen
    }

    /// Why the output at a step of a sequence depends on later steps, where it does: with the code
    /// GB0140, the setting at fault, what it would take, and what was found. Before a loss whose
    /// target is the next token such a layer sees the answer.
    fn sees_later_steps(&self, _input: Shape) -> Option<BuildError> {
        None
    }

    /// The activation that this layer is and no more, where the layer before can apply it while it
    /// stores its result.
    fn activation(&self) -> Option<Activation> {
        None
    }

    /// How this layer makes one input of several, where it is that and no more.
    fn join(&self) -> Option<Join> {
        None
    }

    /// The smallest batch this layer can be trained on.
    fn smallest_training_batch(&self, _input: Shape) -> usize {
        1
    }
}

/// What a layer holds and computes for one item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Trainable values.
    pub parameters: usize,
    /// Tracked values, such as running statistics.
    pub buffers: usize,
    /// Multiply-accumulate operations of the forward pass.
    pub macs: u64,
    /// Values of an item that are kept for the backward pass besides the output.
    pub kept: usize,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.parameters = self.parameters.saturating_add(other.parameters);
        self.buffers = self.buffers.saturating_add(other.buffers);
        self.macs = self.macs.saturating_add(other.macs);
        self.kept = self.kept.saturating_add(other.kept);
    }
}

/// The part of the image that one value depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceptiveField {
    /// A window of pixels.
    Window {
        /// Height and width.
        size: [usize; 2],
        /// Pixels of the image from one value to the next, along height and width.
        step: [usize; 2],
    },
    /// Everything.
    All,
}

impl ReceptiveField {
    /// That of the image itself: every pixel depends on itself alone.
    pub const PIXEL: Self = Self::Window { size: [1, 1], step: [1, 1] };

    /// After a window of this `span` (dilation included) that moves by `stride`:
    /// `size + (span - 1) step`, and the step grows by the stride.
    pub(crate) fn through(self, span: [usize; 2], stride: [usize; 2]) -> Self {
        let Self::Window { size, step } = self else { return Self::All };
        let grown = |axis: usize| {
            size[axis].saturating_add((span[axis].saturating_sub(1)).saturating_mul(step[axis]))
        };
        Self::Window {
            size: [grown(0), grown(1)],
            step: [step[0].saturating_mul(stride[0]), step[1].saturating_mul(stride[1])],
        }
    }

    /// What two values together depend on.
    pub(crate) fn union(self, other: Self) -> Self {
        match (self, other) {
            (Self::Window { size: a, step }, Self::Window { size: b, step: other }) => {
                Self::Window {
                    size: [a[0].max(b[0]), a[1].max(b[1])],
                    step: [step[0].max(other[0]), step[1].max(other[1])],
                }
            }
            _ => Self::All,
        }
    }
}

/// `7×7`, or `all`.
impl fmt::Display for ReceptiveField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Window { size, .. } => write!(f, "{}×{}", size[0], size[1]),
            Self::All => f.write_str("all"),
        }
    }
}

/// Height, width and channels of an image, or an error that says what would make it one.
pub(crate) fn image_dims(layer: &'static str, input: Shape) -> Result<[usize; 3], BuildError> {
    match *input.dims() {
        [height, width, channels] => {
            checked_shape(layer, &input).map(|_| [height, width, channels])
        }
        _ => Err(BuildError::new(
            "GB0202",
            layer,
            "images of height×width×channels",
            with_kind(input),
        )
        .help(
            "put it before any flatten, global_avg_pool or dense layer, on data that are images",
        )),
    }
}

/// What [`LayerConfig::sees_later_steps`] returns for a layer that does.
pub(crate) fn sees_later(layer: &'static str, found: impl Into<String>) -> BuildError {
    let expected = "outputs that depend on the same step and earlier ones alone";
    BuildError::new("GB0140", layer, expected, found)
}

/// `1 unit`, `2 units`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// An error unless `value` is at least 1.
pub(crate) fn at_least_one(
    layer: &'static str,
    field: &'static str,
    value: usize,
) -> Result<(), BuildError> {
    if value > 0 {
        return Ok(());
    }
    Err(BuildError::new("GB0204", layer, format!("`{field}` of at least 1"), "0").field(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receptive_fields_grow_by_the_step() {
        // Two 3×3 layers see 5×5; a stride doubles what later layers add.
        let field = ReceptiveField::PIXEL.through([3, 3], [1, 1]).through([3, 3], [2, 2]);
        assert_eq!(field.to_string(), "5×5");
        assert_eq!(field.through([3, 1], [1, 1]).to_string(), "9×5");
        assert_eq!(field.union(ReceptiveField::PIXEL).to_string(), "5×5");
        assert_eq!(field.union(ReceptiveField::All).through([3, 3], [1, 1]).to_string(), "all");
        let absurd = field.through([usize::MAX, 2], [usize::MAX, 2]).through([3, 3], [1, 1]);
        assert!(matches!(absurd, ReceptiveField::Window { .. }));
    }
}
