//! Slants the image sideways.

use glassbox_tensor::Rng;
use serde::{Deserialize, Serialize};

use super::{Affine, Augmentation, BadSetting, check_finite, check_range};

/// Slants the image sideways, as italics are, by up to `degrees` either way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shear {
    /// The largest angle by which upright lines lean.
    pub degrees: f32,
    /// The value of what comes in from outside.
    pub fill: f32,
    /// The probability.
    pub p: f32,
}

impl Default for Shear {
    fn default() -> Self {
        Self { degrees: 10.0, fill: 0.0, p: 1.0 }
    }
}

impl Augmentation for Shear {
    fn probability(&self) -> f32 {
        self.p
    }

    fn check(&self, _height: usize, _width: usize) -> Result<(), BadSetting> {
        check_range("degrees", self.degrees, 0.0, 80.0)?;
        check_finite("fill", self.fill)
    }

    fn affine(&self, _height: usize, _width: usize, rng: &mut Rng) -> Option<(Affine, f32)> {
        let slope = rng.range(-self.degrees, self.degrees).to_radians().tan();
        Some((Affine { x: [1.0, slope, 0.0], y: [0.0, 1.0, 0.0] }, self.fill))
    }
}
