//! Blanks out squares of the image.

use glassbox_tensor::Rng;
use serde::{Deserialize, Serialize};

use super::{Augmentation, BadSetting, ImageMut, check_finite};

/// Blanks out squares at random places, which may lie partly outside (DeVries and Taylor 2017,
/// "Improved Regularization of Convolutional Neural Networks with Cutout").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cutout {
    /// The side of a square in pixels.
    pub size: usize,
    /// How many squares.
    pub count: usize,
    /// Their value.
    pub fill: f32,
    /// The probability.
    pub p: f32,
}

impl Default for Cutout {
    fn default() -> Self {
        Self { size: 8, count: 1, fill: 0.0, p: 1.0 }
    }
}

impl Augmentation for Cutout {
    fn probability(&self) -> f32 {
        self.p
    }

    fn check(&self, height: usize, width: usize) -> Result<(), BadSetting> {
        let limits = [("size", self.size, height.max(width)), ("count", self.count, 100)];
        for (name, value, most) in limits {
            if !(1..=most).contains(&value) {
                let expected = format!("1 to {most}");
                return Err(BadSetting { name, expected, found: value.to_string() });
            }
        }
        check_finite("fill", self.fill)
    }

    fn apply(&self, image: &mut ImageMut, rng: &mut Rng) {
        let (height, width, channels) = (image.height(), image.width(), image.channels());
        // The centre is any pixel: a square of even side lies one pixel further up and left.
        let mut span = |length: usize| {
            let start = rng.below(length) as isize - (self.size / 2) as isize;
            let end = (start + self.size as isize).min(length as isize) as usize;
            start.max(0) as usize..end
        };
        for _ in 0..self.count {
            let (rows, columns) = (span(height), span(width));
            for y in rows {
                let row = &mut image.pixels()[y * width * channels..][..width * channels];
                row[columns.start * channels..columns.end * channels].fill(self.fill);
            }
        }
    }
}
