//! `s ← s + g²`, `w ← w - lr·g / (√s + ε)` (Duchi, Hazan and Singer 2011).

use super::{Parameter, Rule, update, with_decay};
use crate::cpu::vector::Vector;

/// The settings of one Adagrad step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdagradStep {
    /// The learning rate of this step, decay included.
    pub learning_rate: f64,
    /// ε: keeps the division finite.
    pub epsilon: f64,
    /// The L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// Climbs instead of descending.
    pub maximize: bool,
}

#[derive(Clone, Copy)]
struct Adagrad {
    rate: f32,
    epsilon: f32,
    decay: f32,
    maximize: bool,
}

impl Rule<1> for Adagrad {
    #[inline(always)]
    fn apply<V: Vector>(&self, value: V, gradient: V, [sum]: [V; 1]) -> (V, [V; 1]) {
        let g = with_decay(gradient, value, self.decay, self.maximize);
        let sum = g.mul_add(g, sum);
        let step = g.div(sum.sqrt().add(V::splat(self.epsilon)));
        (V::splat(self.rate).mul_add(step, value), [sum])
    }
}

/// One step of Adagrad; `sum` holds the squares of all gradients so far.
///
/// # Panics
/// When lengths differ.
#[track_caller]
pub fn adagrad(step: AdagradStep, of: Parameter<'_>, sum: &mut [f32]) {
    let rule = Adagrad {
        rate: -step.learning_rate as f32,
        epsilon: step.epsilon as f32,
        decay: step.weight_decay as f32,
        maximize: step.maximize,
    };
    update(&rule, of, [sum]);
}
