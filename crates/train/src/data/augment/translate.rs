//! Moves the image by a fraction of its size.

use glassbox_tensor::Rng;
use serde::{Deserialize, Serialize};

use super::{Affine, Augmentation, BadSetting, check_finite, check_range};

/// Moves the image by up to `x` of its width and `y` of its height either way, between pixels too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Translate {
    /// The largest move sideways, as a fraction of the width.
    pub x: f32,
    /// The largest move up or down, as a fraction of the height.
    pub y: f32,
    /// The value of what comes in from outside.
    pub fill: f32,
    /// The probability.
    pub p: f32,
}

impl Default for Translate {
    fn default() -> Self {
        Self { x: 0.1, y: 0.1, fill: 0.0, p: 1.0 }
    }
}

impl Augmentation for Translate {
    fn probability(&self) -> f32 {
        self.p
    }

    fn check(&self, _height: usize, _width: usize) -> Result<(), BadSetting> {
        check_range("x", self.x, 0.0, 1.0)?;
        check_range("y", self.y, 0.0, 1.0)?;
        check_finite("fill", self.fill)
    }

    fn affine(&self, height: usize, width: usize, rng: &mut Rng) -> Option<(Affine, f32)> {
        let right = rng.range(-self.x, self.x) * width as f32;
        let down = rng.range(-self.y, self.y) * height as f32;
        Some((Affine { x: [1.0, 0.0, -right], y: [0.0, 1.0, -down] }, self.fill))
    }
}
