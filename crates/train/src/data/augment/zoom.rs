//! Enlarges or shrinks the image around its centre.

use glassbox_tensor::Rng;
use serde::{Deserialize, Serialize};

use super::{Affine, Augmentation, BadSetting, check_finite, check_range};

/// Enlarges or shrinks the image around its centre, by a factor from `1 − amount` to `1 + amount`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Zoom {
    /// How far the factor is from 1 at most.
    pub amount: f32,
    /// The value of what comes in from outside.
    pub fill: f32,
    /// The probability.
    pub p: f32,
}

impl Default for Zoom {
    fn default() -> Self {
        Self { amount: 0.1, fill: 0.0, p: 1.0 }
    }
}

impl Augmentation for Zoom {
    fn probability(&self) -> f32 {
        self.p
    }

    fn check(&self, _height: usize, _width: usize) -> Result<(), BadSetting> {
        check_range("amount", self.amount, 0.0, 0.9)?;
        check_finite("fill", self.fill)
    }

    fn affine(&self, _height: usize, _width: usize, rng: &mut Rng) -> Option<(Affine, f32)> {
        let scale = 1.0 / rng.range(1.0 - self.amount, 1.0 + self.amount);
        Some((Affine { x: [scale, 0.0, 0.0], y: [0.0, scale, 0.0] }, self.fill))
    }
}
