//! Spreads values away from their mean, or draws them to it.

use glassbox_tensor::Rng;
use serde::{Deserialize, Serialize};

use super::{Augmentation, BadSetting, ImageMut, check_range};

/// Multiplies the distance of every value from the mean of the image by a factor from
/// `1 − amount` to `1 + amount`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contrast {
    /// How far the factor is from 1 at most.
    pub amount: f32,
    /// The probability.
    pub p: f32,
}

impl Default for Contrast {
    fn default() -> Self {
        Self { amount: 0.2, p: 1.0 }
    }
}

impl Augmentation for Contrast {
    fn probability(&self) -> f32 {
        self.p
    }

    fn check(&self, _height: usize, _width: usize) -> Result<(), BadSetting> {
        check_range("amount", self.amount, 0.0, 1.0)
    }

    fn apply(&self, image: &mut ImageMut, rng: &mut Rng) {
        let factor = rng.range(1.0 - self.amount, 1.0 + self.amount);
        let pixels = image.pixels();
        let mean = pixels.iter().sum::<f32>() / pixels.len() as f32;
        image.map(|value| mean + (value - mean) * factor);
    }
}
