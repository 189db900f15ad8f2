//! Mirrors left and right.

use glassbox_tensor::Rng;
use serde::{Deserialize, Serialize};

use super::{Augmentation, BadSetting, ImageMut};

/// Mirrors left and right. For things that are as likely either way, not for digits or letters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlipH {
    /// The probability.
    pub p: f32,
}

impl Default for FlipH {
    fn default() -> Self {
        Self { p: 0.5 }
    }
}

impl Augmentation for FlipH {
    fn probability(&self) -> f32 {
        self.p
    }

    fn check(&self, _height: usize, _width: usize) -> Result<(), BadSetting> {
        Ok(())
    }

    fn apply(&self, image: &mut ImageMut, _rng: &mut Rng) {
        let (width, channels) = (image.width(), image.channels());
        for row in image.pixels().chunks_exact_mut(width * channels) {
            for x in 0..width / 2 {
                let (left, right) = row.split_at_mut((width - 1 - x) * channels);
                left[x * channels..][..channels].swap_with_slice(&mut right[..channels]);
            }
        }
    }
}
