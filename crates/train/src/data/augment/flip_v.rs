//! Mirrors top and bottom.

use glassbox_tensor::Rng;
use serde::{Deserialize, Serialize};

use super::{Augmentation, BadSetting, ImageMut};

/// Mirrors top and bottom. For pictures taken from above, such as satellite or microscope images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlipV {
    /// The probability.
    pub p: f32,
}

impl Default for FlipV {
    fn default() -> Self {
        Self { p: 0.5 }
    }
}

impl Augmentation for FlipV {
    fn probability(&self) -> f32 {
        self.p
    }

    fn check(&self, _height: usize, _width: usize) -> Result<(), BadSetting> {
        Ok(())
    }

    fn apply(&self, image: &mut ImageMut, _rng: &mut Rng) {
        let (height, row) = (image.height(), image.width() * image.channels());
        for y in 0..height / 2 {
            let (top, bottom) = image.pixels().split_at_mut((height - 1 - y) * row);
            top[y * row..][..row].swap_with_slice(&mut bottom[..row]);
        }
    }
}
