//! Random changes of images that keep their class: one file each, gathered in [`Augment`].
//!
//! They work on unnormalized images `[height, width, channels]` (0 to 1 where the data set stores
//! bytes), before normalization. What happens to an item is a function of (seed, epoch, item,
//! place in the list) alone. Neighbouring geometric changes with the same `fill` are composed, so
//! that the image is sampled once.

mod affine;
mod brightness;
mod contrast;
mod cutout;
mod flip_h;
mod flip_v;
mod image;
mod noise;
mod pipeline;
mod random_crop;
mod rotate;
mod shear;
mod translate;
mod zoom;

use glassbox_tensor::{Rng, Shape};
use serde::{Deserialize, Serialize};

pub use affine::Affine;
pub use brightness::Brightness;
pub use contrast::Contrast;
pub use cutout::Cutout;
pub use flip_h::FlipH;
pub use flip_v::FlipV;
pub use image::ImageMut;
pub use noise::Noise;
pub(crate) use pipeline::Pipeline;
pub use random_crop::RandomCrop;
pub use rotate::Rotate;
pub use shear::Shear;
pub use translate::Translate;
pub use zoom::Zoom;

use crate::data::error::DataError;

/// What every augmentation can do. A geometric one gives [`Augmentation::affine`], any other
/// [`Augmentation::apply`].
pub trait Augmentation {
    /// The probability that an item is changed.
    fn probability(&self) -> f32;

    /// What is wrong with the settings, for images of `height` × `width`.
    ///
    /// # Errors
    /// The name of the setting, what it may be, and what it is.
    fn check(&self, height: usize, width: usize) -> Result<(), BadSetting>;

    /// Draws the map from places in the changed image to places in the given one, and the value
    /// of what lies outside.
    fn affine(&self, _height: usize, _width: usize, _rng: &mut Rng) -> Option<(Affine, f32)> {
        None
    }

    /// Changes `image`, drawing from `rng`, whatever the probability.
    fn apply(&self, image: &mut ImageMut, rng: &mut Rng) {
        if let Some((affine, fill)) = self.affine(image.height(), image.width(), rng) {
            image.warp(&affine, fill);
        }
    }
}

/// A setting out of its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSetting {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

/// One augmentation of a recipe's `[[augment]]` list, told apart by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Augment {
    /// Mirrors left and right.
    FlipH(FlipH),
    /// Mirrors top and bottom.
    FlipV(FlipV),
    /// Moves by whole pixels, as by padding and cutting out a piece of the old size.
    RandomCrop(RandomCrop),
    /// Turns around the centre.
    Rotate(Rotate),
    /// Slants.
    Shear(Shear),
    /// Moves by a fraction of the size.
    Translate(Translate),
    /// Enlarges or shrinks around the centre.
    Zoom(Zoom),
    /// Makes lighter or darker.
    Brightness(Brightness),
    /// Spreads values away from their mean, or draws them to it.
    Contrast(Contrast),
    /// Adds normal noise to every value.
    Noise(Noise),
    /// Blanks out squares.
    Cutout(Cutout),
}

impl Augment {
    /// Whether it can work on items of this shape.
    ///
    /// # Errors
    /// GB0332 when they are no images, or an amount is impossible for images of this size.
    pub fn check(&self, item: Shape) -> Result<(), DataError> {
        Pipeline::new(std::slice::from_ref(self), item).map(|_| ())
    }

    /// Every `type`.
    pub const TYPES: [&str; 11] = [
        "flip_h",
        "flip_v",
        "random_crop",
        "rotate",
        "shear",
        "translate",
        "zoom",
        "brightness",
        "contrast",
        "noise",
        "cutout",
    ];

    /// The `type` of this augmentation, and what it does.
    fn entry(&self) -> (&'static str, &dyn Augmentation) {
        match self {
            Self::FlipH(config) => ("flip_h", config),
            Self::FlipV(config) => ("flip_v", config),
            Self::RandomCrop(config) => ("random_crop", config),
            Self::Rotate(config) => ("rotate", config),
            Self::Shear(config) => ("shear", config),
            Self::Translate(config) => ("translate", config),
            Self::Zoom(config) => ("zoom", config),
            Self::Brightness(config) => ("brightness", config),
            Self::Contrast(config) => ("contrast", config),
            Self::Noise(config) => ("noise", config),
            Self::Cutout(config) => ("cutout", config),
        }
    }

    /// The `type` of this augmentation.
    pub fn type_name(&self) -> &'static str {
        self.entry().0
    }

    /// Changes `image` with the augmentation's probability, drawing from `rng`.
    pub fn apply(&self, image: &mut ImageMut, rng: &mut Rng) {
        let (_, augmentation) = self.entry();
        if rng.uniform() < augmentation.probability() {
            augmentation.apply(image, rng);
        }
    }
}

/// Checks that `value` is from `low` to `high`.
fn check_range(name: &'static str, value: f32, low: f32, high: f32) -> Result<(), BadSetting> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(BadSetting { name, expected: format!("{low} to {high}"), found: value.to_string() })
}

/// Checks that `value` is a number.
fn check_finite(name: &'static str, value: f32) -> Result<(), BadSetting> {
    if value.is_finite() {
        return Ok(());
    }
    Err(BadSetting { name, expected: "a finite number".into(), found: value.to_string() })
}

#[cfg(test)]
mod tests;
