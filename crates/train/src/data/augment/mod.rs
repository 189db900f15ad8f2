//! Random changes of images that keep their class: one file each, gathered in [`Augment`].
//!
//! They work on unnormalised images `[height, width, channels]` (0 to 1 where the data set stores
//! bytes), before normalisation. What happens to an item is a function of (seed, epoch, item,
//! place in the list) alone.

mod flip_h;

use glassbox_tensor::{Rng, Shape};
use serde::{Deserialize, Serialize};

use super::error::{DataError, DataErrorCode};

pub use flip_h::FlipH;

/// One augmentation of a recipe's `[[augment]]` list, told apart by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Augment {
    /// Mirrors left and right.
    FlipH(FlipH),
}

/// An image being changed: `[height, width, channels]`, row-major.
#[derive(Debug)]
pub struct ImageMut<'a> {
    /// The values.
    pub pixels: &'a mut [f32],
    /// The number of rows.
    pub height: usize,
    /// The number of pixels in a row.
    pub width: usize,
    /// The number of values of a pixel.
    pub channels: usize,
}

impl Augment {
    /// Every `type`.
    pub const TYPES: [&str; 1] = ["flip_h"];

    /// The `type` of this augmentation.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::FlipH(_) => "flip_h",
        }
    }

    /// Changes `image`, drawing from `rng`.
    pub fn apply(&self, image: &mut ImageMut, rng: &mut Rng) {
        match self {
            Self::FlipH(config) => config.apply(image, rng),
        }
    }
}

/// Augmentations in order, checked against the data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pipeline {
    steps: Vec<Augment>,
}

impl Pipeline {
    pub(crate) fn new(steps: &[Augment], item_shape: Shape) -> Result<Self, DataError> {
        if !steps.is_empty() && item_shape.rank() != 3 {
            let message = format!("`{}` needs images", steps[0].type_name());
            return Err(DataError::new(DataErrorCode::Augment, message)
                .expected("items of shape height×width×channels")
                .found(format!("items of shape {item_shape}"))
                .help("remove the augmentation"));
        }
        Ok(Self { steps: steps.to_vec() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// About how many nanoseconds a value takes.
    pub(crate) fn cost(&self) -> usize {
        self.steps.len()
    }

    /// Changes one image; `rng` belongs to (seed, epoch, item).
    pub(crate) fn apply(&self, image: &mut ImageMut, rng: Rng) {
        for (place, step) in self.steps.iter().enumerate() {
            step.apply(image, &mut rng.fork(place as u64));
        }
    }
}
