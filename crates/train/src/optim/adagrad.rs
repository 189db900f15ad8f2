//! Adagrad.

use glassbox_nn::{BadSettings, Settings};
use glassbox_tensor::optimize::{self, AdagradStep, Parameter};
use serde::{Deserialize, Serialize};

use super::settings::{EPSILON, NOT_NEGATIVE, POSITIVE};
use super::{Update, UpdateRule};

/// Steps divided by the size of all gradients so far (Duchi, Hazan and Singer 2011):
/// `s ← s + g²`, `w ← w - lr/(1 + (t-1)·decay) · g / (√s + ε)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adagrad {
    /// The learning rate.
    pub lr: f64,
    /// How fast the learning rate falls with the number of steps.
    pub lr_decay: f64,
    /// The L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// Where the sum of squares starts.
    pub initial_accumulator: f64,
    /// ε: keeps the division finite.
    pub epsilon: f64,
    /// Climbs instead of descending.
    pub maximize: bool,
}

impl Default for Adagrad {
    fn default() -> Self {
        Self {
            lr: 0.01,
            lr_decay: 0.0,
            weight_decay: 0.0,
            initial_accumulator: 0.0,
            epsilon: 1e-10,
            maximize: false,
        }
    }
}

impl UpdateRule for Adagrad {
    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn state_names(&self) -> &'static [&'static str] {
        &["sum"]
    }

    fn initial_state(&self) -> f32 {
        self.initial_accumulator as f32
    }

    fn update(&self, update: Update<'_>) {
        let step = AdagradStep {
            learning_rate: update.learning_rate / (1.0 + (update.step - 1) as f64 * self.lr_decay),
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
            maximize: self.maximize,
        };
        let sum = update.state[0].make_mut();
        let Update { values, gradient, norms, .. } = update;
        let of = Parameter { values, gradient, norms };
        optimize::adagrad(step, of, sum);
    }

    fn fills_norms(&self) -> bool {
        true
    }

    fn bad_settings(&self) -> BadSettings {
        self.check()
    }
}

impl Settings for Adagrad {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        bad.number("lr", self.lr, POSITIVE);
        bad.number("lr_decay", self.lr_decay, NOT_NEGATIVE);
        bad.number("epsilon", self.epsilon, EPSILON);
        bad.number("weight_decay", self.weight_decay, NOT_NEGATIVE);
        bad.number("initial_accumulator", self.initial_accumulator, NOT_NEGATIVE);
        bad
    }
}
