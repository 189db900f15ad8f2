//! Pads the image and cuts out a piece of its old size.

use glassbox_tensor::Rng;
use serde::{Deserialize, Serialize};

use super::{Augmentation, BadSetting, ImageMut, check_finite};

/// Pads the image on all sides and cuts out a piece of its old size at a random place: a move by
/// up to `padding` whole pixels each way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomCrop {
    /// Pixels added on each side.
    pub padding: usize,
    /// Their value.
    pub fill: f32,
    /// The probability.
    pub p: f32,
}

impl Default for RandomCrop {
    fn default() -> Self {
        Self { padding: 4, fill: 0.0, p: 1.0 }
    }
}

impl Augmentation for RandomCrop {
    fn probability(&self) -> f32 {
        self.p
    }

    fn check(&self, height: usize, width: usize) -> Result<(), BadSetting> {
        let most = height.min(width) - 1;
        if self.padding > most {
            let expected = format!("0 to {most}, less than the side of an image");
            return Err(BadSetting { name: "padding", expected, found: self.padding.to_string() });
        }
        check_finite("fill", self.fill)
    }

    fn apply(&self, image: &mut ImageMut, rng: &mut Rng) {
        let mut draw = || rng.below(2 * self.padding + 1) as isize - self.padding as isize;
        let (down, right) = (draw(), draw());
        image.shift(down, right, self.fill);
    }
}
