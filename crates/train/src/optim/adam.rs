//! Adam.

use glassbox_nn::{BadSettings, Settings};
use glassbox_tensor::optimize::{self, AdamStep, Parameter};
use serde::{Deserialize, Serialize};

use super::settings::{EPSILON, KEPT, NOT_NEGATIVE, POSITIVE};
use super::{Update, UpdateRule};

/// Adaptive moment estimation (Kingma and Ba 2015):
/// `m ← β₁m + (1-β₁)g`, `s ← β₂s + (1-β₂)g²`, `w ← w - lr·m̂ / (√ŝ + ε)`, bias-corrected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adam {
    /// The learning rate.
    pub lr: f64,
    /// β₁ and β₂: how much of the moments stays.
    pub betas: [f64; 2],
    /// ε: keeps the division finite.
    pub epsilon: f64,
    /// The L2 penalty, added to the gradient. For decay that is not, see [`super::AdamW`].
    pub weight_decay: f64,
    /// Divides by the largest second moment so far (Reddi, Kale and Kumar 2018).
    pub amsgrad: bool,
    /// Climbs instead of descending.
    pub maximize: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
            amsgrad: false,
            maximize: false,
        }
    }
}

impl Adam {
    /// The update with decay in the gradient or, `decoupled`, beside it.
    pub(super) fn apply(&self, update: Update<'_>, decoupled: bool) {
        let [first_beta, second_beta] = self.betas;
        let step = AdamStep {
            learning_rate: update.learning_rate,
            // β₁ is Adam's momentum.
            betas: [update.momentum.unwrap_or(first_beta), second_beta],
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
            decoupled,
            maximize: self.maximize,
            step: update.step,
        };
        let [first, second, largest @ ..] = update.state else {
            unreachable!("the optimizer made the state tensors that state_names() lists")
        };
        let largest = largest.first_mut().map(|largest| largest.make_mut());
        let (first, second) = (first.make_mut(), second.make_mut());
        let Update { values, gradient, norms, .. } = update;
        let of = Parameter { values, gradient, norms };
        optimize::adam(step, of, first, second, largest);
    }
}

impl UpdateRule for Adam {
    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn state_names(&self) -> &'static [&'static str] {
        let names = &["first_moment", "second_moment", "largest_second_moment"];
        if self.amsgrad { names } else { &names[..2] }
    }

    fn update(&self, update: Update<'_>) {
        self.apply(update, false);
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

impl Settings for Adam {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        bad.number("lr", self.lr, POSITIVE);
        self.betas.iter().for_each(|&beta| bad.number("betas", beta, KEPT));
        bad.number("epsilon", self.epsilon, EPSILON);
        bad.number("weight_decay", self.weight_decay, NOT_NEGATIVE);
        bad
    }
}
