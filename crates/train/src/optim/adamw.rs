//! AdamW.

use glassbox_nn::{BadSettings, Settings};
use serde::{Deserialize, Serialize};

use super::settings::shrinks;
use super::{Adam, Update, UpdateRule};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019): `w ← w - lr·λ·w` before Adam's
/// step, so that decay is not divided by the gradient's size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamW {
    /// The learning rate.
    pub lr: f64,
    /// β₁ and β₂: how much of the moments stays.
    pub betas: [f64; 2],
    /// ε: keeps the division finite.
    pub epsilon: f64,
    /// λ: the decay, as a fraction of the weight per unit of learning rate.
    pub weight_decay: f64,
    /// Divides by the largest second moment so far (Reddi, Kale and Kumar 2018).
    pub amsgrad: bool,
    /// Climbs instead of descending.
    pub maximize: bool,
}

impl Default for AdamW {
    fn default() -> Self {
        let Adam { lr, betas, epsilon, amsgrad, maximize, .. } = Adam::default();
        Self { lr, betas, epsilon, weight_decay: 0.01, amsgrad, maximize }
    }
}

impl AdamW {
    pub(super) fn adam(&self) -> Adam {
        let Self { lr, betas, epsilon, weight_decay, amsgrad, maximize } = *self;
        Adam { lr, betas, epsilon, weight_decay, amsgrad, maximize }
    }
}

impl UpdateRule for AdamW {
    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn state_names(&self) -> &'static [&'static str] {
        self.adam().state_names()
    }

    fn update(&self, update: Update<'_>) {
        self.adam().apply(update, true);
    }

    fn fills_norms(&self) -> bool {
        true
    }

    fn has_momentum(&self) -> bool {
        true
    }

    fn bad_settings(&self) -> BadSettings {
        self.check()
    }
}

impl Settings for AdamW {
    fn check(&self) -> BadSettings {
        let mut bad = self.adam().check();
        shrinks(self.lr, self.weight_decay, &mut bad);
        bad
    }
}
