//! Stochastic gradient descent.

use glassbox_tensor::optimize::{self, SgdStep};
use serde::{Deserialize, Serialize};

use super::{Update, UpdateRule};

/// Gradient descent with momentum (Polyak 1964), Nesterov's variant of it, and L2 weight decay:
/// `v ← momentum·v + (1 - dampening)·(g + λw)`, `w ← w - lr·v`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sgd {
    /// The learning rate.
    pub lr: f64,
    /// How much of the velocity stays; 0 for plain gradient descent.
    pub momentum: f64,
    /// How much of the gradient does not enter the velocity.
    pub dampening: f64,
    /// Looks ahead along the velocity. Needs momentum.
    pub nesterov: bool,
    /// λ: the L2 penalty.
    pub weight_decay: f64,
    /// Climbs instead of descending.
    pub maximize: bool,
}

impl Default for Sgd {
    fn default() -> Self {
        Self {
            lr: 0.01,
            momentum: 0.0,
            dampening: 0.0,
            nesterov: false,
            weight_decay: 0.0,
            maximize: false,
        }
    }
}

impl UpdateRule for Sgd {
    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn state_names(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["velocity"] }
    }

    fn update(&self, update: Update<'_>) {
        let step = SgdStep {
            learning_rate: update.learning_rate as f32,
            momentum: self.momentum as f32,
            dampening: self.dampening as f32,
            nesterov: self.nesterov,
            weight_decay: self.weight_decay as f32,
            maximize: self.maximize,
            first: update.step == 1,
        };
        let velocity = update.state.first_mut().map(|velocity| velocity.make_mut());
        optimize::sgd(step, update.values, update.gradient, velocity);
    }

    fn set_momentum(&mut self, momentum: f64) {
        // A rule without velocity has no place to keep one.
        if self.momentum != 0.0 {
            self.momentum = momentum;
        }
    }
}
