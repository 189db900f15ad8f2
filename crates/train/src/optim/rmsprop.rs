//! RMSprop.

use glassbox_nn::{BadSettings, Settings};
use glassbox_tensor::optimize::{self, Parameter, RmsPropStep};
use serde::{Deserialize, Serialize};

use super::settings::{EPSILON, KEPT, NOT_NEGATIVE, POSITIVE};
use super::{Update, UpdateRule};

/// Steps divided by the running size of the gradient (Tieleman and Hinton 2012):
/// `s ← αs + (1-α)g²`, `w ← w - lr·g / (√s + ε)`; centred, by its running spread (Graves 2013).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RmsProp {
    /// The learning rate.
    pub lr: f64,
    /// α: how much of the averages stays.
    pub alpha: f64,
    /// ε: keeps the division finite.
    pub epsilon: f64,
    /// The L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// How much of the velocity stays; 0 for none.
    pub momentum: f64,
    /// Subtracts the squared running mean from the running square.
    pub centered: bool,
    /// Climbs instead of descending.
    pub maximize: bool,
}

impl Default for RmsProp {
    fn default() -> Self {
        Self {
            lr: 0.01,
            alpha: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.0,
            momentum: 0.0,
            centered: false,
            maximize: false,
        }
    }
}

impl UpdateRule for RmsProp {
    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn state_names(&self) -> &'static [&'static str] {
        match (self.centered, self.momentum != 0.0) {
            (false, false) => &["square"],
            (true, false) => &["square", "mean"],
            (false, true) => &["square", "velocity"],
            (true, true) => &["square", "mean", "velocity"],
        }
    }

    fn update(&self, update: Update<'_>) {
        // A rule without velocity has no place to keep one.
        let moved = update.momentum.filter(|_| self.momentum != 0.0);
        let momentum = moved.unwrap_or(self.momentum);
        let step = RmsPropStep {
            learning_rate: update.learning_rate,
            alpha: self.alpha,
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
            momentum,
            maximize: self.maximize,
        };
        let mut state = update.state.iter_mut().map(|tensor| tensor.make_mut());
        let square = state.next().expect("the optimizer made the state that state_names() lists");
        let mean = if self.centered { state.next() } else { None };
        let Update { values, gradient, norms, .. } = update;
        let of = Parameter { values, gradient, norms };
        optimize::rms_prop(step, of, square, mean, state.next());
    }

    fn fills_norms(&self) -> bool {
        true
    }

    fn has_momentum(&self) -> bool {
        self.momentum != 0.0
    }

    fn bad_settings(&self) -> BadSettings {
        self.check()
    }
}

impl Settings for RmsProp {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        bad.number("lr", self.lr, POSITIVE);
        bad.number("alpha", self.alpha, KEPT);
        bad.number("epsilon", self.epsilon, EPSILON);
        bad.number("weight_decay", self.weight_decay, NOT_NEGATIVE);
        bad.number("momentum", self.momentum, KEPT);
        bad
    }
}
