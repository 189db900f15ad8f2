//! `v ← momentum·v + (1 - dampening)·g`, `w ← w - lr·v` (Polyak 1964; Nesterov 1983).

use super::{Parameter, Rule, update, with_decay};
use crate::cpu::vector::Vector;

/// The settings of one SGD step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SgdStep {
    /// The learning rate.
    pub learning_rate: f32,
    /// How much of the velocity stays.
    pub momentum: f32,
    /// How much of the gradient does not enter the velocity.
    pub dampening: f32,
    /// Looks ahead along the velocity.
    pub nesterov: bool,
    /// The L2 penalty, added to the gradient.
    pub weight_decay: f32,
    /// Climbs instead of descending.
    pub maximize: bool,
    /// The first step: the velocity starts as the gradient itself.
    pub first: bool,
}

#[derive(Clone, Copy)]
struct Plain(SgdStep);

impl Rule<0> for Plain {
    #[inline(always)]
    fn apply<V: Vector>(&self, value: V, gradient: V, _: [V; 0]) -> (V, [V; 0]) {
        let step = &self.0;
        let gradient = with_decay(gradient, value, step.weight_decay, step.maximize);
        (V::splat(-step.learning_rate).mul_add(gradient, value), [])
    }
}

#[derive(Clone, Copy)]
struct Momentum(SgdStep);

impl Rule<1> for Momentum {
    #[inline(always)]
    fn apply<V: Vector>(&self, value: V, gradient: V, [velocity]: [V; 1]) -> (V, [V; 1]) {
        let step = &self.0;
        let gradient = with_decay(gradient, value, step.weight_decay, step.maximize);
        let momentum = V::splat(step.momentum);
        let velocity = if step.first {
            gradient
        } else {
            momentum.mul_add(velocity, V::splat(1.0 - step.dampening).mul(gradient))
        };
        let direction = if step.nesterov { momentum.mul_add(velocity, gradient) } else { velocity };
        (V::splat(-step.learning_rate).mul_add(direction, value), [velocity])
    }
}

/// One step of stochastic gradient descent. `velocity` is needed when momentum is not zero.
///
/// # Panics
/// When lengths differ, or momentum is used without a velocity.
#[track_caller]
pub fn sgd(step: SgdStep, of: Parameter<'_>, velocity: Option<&mut [f32]>) {
    match velocity {
        Some(velocity) if step.momentum != 0.0 => {
            update(&Momentum(step), of, [velocity]);
        }
        _ => {
            assert_eq!(step.momentum, 0.0, "momentum needs a velocity");
            update(&Plain(step), of, []);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let step = SgdStep { learning_rate: 0.5, weight_decay: 0.1, ..SgdStep::default() };
        let mut w = [2.0];
        sgd(step, Parameter::new(&mut w, &[1.0]), None);
        assert_eq!(w, [2.0 - 0.5 * (1.0 + 0.2)]);
        let step = SgdStep { learning_rate: 1.0, momentum: 0.5, first: true, ..SgdStep::default() };
        let (mut w, mut v) = ([0.0], [9.0]);
        sgd(step, Parameter::new(&mut w, &[1.0]), Some(&mut v));
        assert_eq!((w, v), ([-1.0], [1.0]));
        sgd(SgdStep { first: false, ..step }, Parameter::new(&mut w, &[1.0]), Some(&mut v));
        assert_eq!((w, v), ([-2.5], [1.5]));
        sgd(
            SgdStep { first: false, nesterov: true, ..step },
            Parameter::new(&mut w, &[0.25]),
            Some(&mut v),
        );
        assert_eq!((w, v), ([-2.5 - 0.25 - 0.5], [1.0]));
    }
}
