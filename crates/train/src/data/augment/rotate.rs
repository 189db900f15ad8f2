//! Turns the image around its centre.

use glassbox_tensor::Rng;
use serde::{Deserialize, Serialize};

use super::{Affine, Augmentation, BadSetting, check_finite, check_range};

/// Turns the image around its centre by up to `degrees` either way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rotate {
    /// The largest angle.
    pub degrees: f32,
    /// The value of what comes in from outside.
    pub fill: f32,
    /// The probability.
    pub p: f32,
}

impl Default for Rotate {
    fn default() -> Self {
        Self { degrees: 10.0, fill: 0.0, p: 1.0 }
    }
}

impl Augmentation for Rotate {
    fn probability(&self) -> f32 {
        self.p
    }

    fn check(&self, _height: usize, _width: usize) -> Result<(), BadSetting> {
        check_range("degrees", self.degrees, 0.0, 180.0)?;
        check_finite("fill", self.fill)
    }

    fn affine(&self, _height: usize, _width: usize, rng: &mut Rng) -> Option<(Affine, f32)> {
        let (sin, cos) = rng.range(-self.degrees, self.degrees).to_radians().sin_cos();
        Some((Affine { x: [cos, -sin, 0.0], y: [sin, cos, 0.0] }, self.fill))
    }
}
