//! Makes the image lighter or darker.

use glassbox_tensor::Rng;
use serde::{Deserialize, Serialize};

use super::{Augmentation, BadSetting, ImageMut, check_range};

/// Adds a number from `−amount` to `amount` to all values of the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Brightness {
    /// The largest change; 1 is the distance from black to white.
    pub amount: f32,
    /// The probability.
    pub p: f32,
}

impl Default for Brightness {
    fn default() -> Self {
        Self { amount: 0.2, p: 1.0 }
    }
}

impl Augmentation for Brightness {
    fn probability(&self) -> f32 {
        self.p
    }

    fn check(&self, _height: usize, _width: usize) -> Result<(), BadSetting> {
        check_range("amount", self.amount, 0.0, 1.0)
    }

    fn apply(&self, image: &mut ImageMut, rng: &mut Rng) {
        let change = rng.range(-self.amount, self.amount);
        image.map(|value| value + change);
    }
}
