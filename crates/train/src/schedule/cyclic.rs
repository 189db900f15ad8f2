//! Cyclical learning rates (Smith 2017).

use serde::{Deserialize, Serialize};

use super::{Rate, Time};

/// The rate rises from `min_lr` to `max_lr` and falls back, again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cyclic {
    /// The lowest learning rate; a tenth of the highest when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_lr: Option<f64>,
    /// The highest learning rate; the optimizer's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_lr: Option<f64>,
    /// Epochs of the rise.
    pub up: f64,
    /// Epochs of the fall; as the rise when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub down: Option<f64>,
    /// How the height of the cycles changes.
    pub mode: CyclicMode,
    /// The factor an epoch of [`CyclicMode::Exponential`].
    pub gamma: f64,
    /// Moves momentum against the rate.
    pub cycle_momentum: bool,
    /// Momentum where the rate is highest and where it is lowest.
    pub momentum: [f64; 2],
}

/// How the height of the cycles changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CyclicMode {
    /// All cycles alike.
    Triangular,
    /// Half as high each time.
    Halving,
    /// Lower by a factor every epoch.
    Exponential,
}

impl Default for Cyclic {
    fn default() -> Self {
        Self {
            min_lr: None,
            max_lr: None,
            up: 2.0,
            down: None,
            mode: CyclicMode::Triangular,
            gamma: 1.0,
            cycle_momentum: true,
            momentum: [0.8, 0.9],
        }
    }
}

impl Cyclic {
    pub(super) fn rate(&self, time: Time, base: f64) -> Rate {
        let max = self.max_lr.unwrap_or(base);
        let min = self.min_lr.unwrap_or(max / 10.0);
        let (up, down) = (self.up, self.down.unwrap_or(self.up));
        let period = up + down;
        let cycle = (time.epochs() / period).floor();
        let inside = time.epochs() - cycle * period;
        let height = if inside <= up { inside / up } else { (period - inside) / down };
        let scale = match self.mode {
            CyclicMode::Triangular => 1.0,
            CyclicMode::Halving => 0.5f64.powf(cycle),
            CyclicMode::Exponential => self.gamma.powf(time.epochs()),
        };
        let [low, high] = self.momentum;
        Rate {
            learning_rate: min + (max - min) * height * scale,
            momentum: self.cycle_momentum.then_some(high - (high - low) * height * scale),
        }
    }
}
