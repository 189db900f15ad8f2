//! `s ← αs + (1-α)g²`, `w ← w - lr·g / (√s + ε)` (Tieleman and Hinton 2012); centred: the variance
//! `s - ḡ²` instead of `s` (Graves 2013).

use super::{Parameter, Rule, update, with_decay};
use crate::cpu::vector::Vector;

/// The settings of one RMSprop step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsPropStep {
    /// The learning rate.
    pub learning_rate: f64,
    /// α: how much of the averages stays.
    pub alpha: f64,
    /// ε: keeps the division finite.
    pub epsilon: f64,
    /// The L2 penalty, added to the gradient.
    pub weight_decay: f64,
    /// How much of the velocity stays.
    pub momentum: f64,
    /// Climbs instead of descending.
    pub maximize: bool,
}

/// `CENTERED`: the state begins with s, then ḡ; then the velocity where momentum is used.
#[derive(Clone, Copy)]
struct RmsProp<const CENTERED: bool> {
    rate: f32,
    keep: f32,
    add: f32,
    epsilon: f32,
    decay: f32,
    momentum: f32,
    maximize: bool,
}

impl<const CENTERED: bool> RmsProp<CENTERED> {
    fn new(step: RmsPropStep) -> Self {
        Self {
            rate: -step.learning_rate as f32,
            keep: step.alpha as f32,
            add: (1.0 - step.alpha) as f32,
            epsilon: step.epsilon as f32,
            decay: step.weight_decay as f32,
            momentum: step.momentum as f32,
            maximize: step.maximize,
        }
    }
}

impl<const CENTERED: bool> Rule<3> for RmsProp<CENTERED> {
    #[inline(always)]
    fn apply<V: Vector>(&self, value: V, gradient: V, [s, mean, velocity]: [V; 3]) -> (V, [V; 3]) {
        let g = with_decay(gradient, value, self.decay, self.maximize);
        let add = V::splat(self.add);
        let s = V::splat(self.keep).mul_add(s, add.mul(g.mul(g)));
        let (mean, spread) = if CENTERED {
            let mean = add.mul_add(g.sub(mean), mean);
            // Rounding can leave a variance slightly below zero; NaN passes.
            (mean, V::zero().max(s.sub(mean.mul(mean))))
        } else {
            (mean, s)
        };
        let step = g.div(spread.sqrt().add(V::splat(self.epsilon)));
        let velocity = V::splat(self.momentum).mul_add(velocity, step);
        (V::splat(self.rate).mul_add(velocity, value), [s, mean, velocity])
    }
}

/// The rule without the state that a variant does not use.
#[derive(Clone, Copy)]
struct Reduced<const CENTERED: bool>(RmsProp<CENTERED>);

impl Rule<1> for Reduced<false> {
    #[inline(always)]
    fn apply<V: Vector>(&self, value: V, gradient: V, [s]: [V; 1]) -> (V, [V; 1]) {
        let (value, [s, ..]) = self.0.apply(value, gradient, [s, V::zero(), V::zero()]);
        (value, [s])
    }
}

impl Rule<2> for Reduced<true> {
    #[inline(always)]
    fn apply<V: Vector>(&self, value: V, gradient: V, [s, mean]: [V; 2]) -> (V, [V; 2]) {
        let (value, [s, mean, _]) = self.0.apply(value, gradient, [s, mean, V::zero()]);
        (value, [s, mean])
    }
}

impl Rule<2> for Reduced<false> {
    #[inline(always)]
    fn apply<V: Vector>(&self, value: V, gradient: V, [s, velocity]: [V; 2]) -> (V, [V; 2]) {
        let (value, [s, _, velocity]) = self.0.apply(value, gradient, [s, V::zero(), velocity]);
        (value, [s, velocity])
    }
}

/// One step of RMSprop: centred when `mean` is given, with momentum when `velocity` is.
///
/// # Panics
/// When lengths differ, or momentum is used without a velocity.
#[track_caller]
pub fn rms_prop(
    step: RmsPropStep,
    of: Parameter<'_>,
    square: &mut [f32],
    mean: Option<&mut [f32]>,
    velocity: Option<&mut [f32]>,
) {
    assert!(velocity.is_some() || step.momentum == 0.0, "momentum needs a velocity");
    let (plain, centered) = (RmsProp::<false>::new(step), RmsProp::<true>::new(step));
    match (mean, velocity) {
        (None, None) => update::<1, _>(&Reduced(plain), of, [square]),
        (None, Some(v)) => update::<2, _>(&Reduced(plain), of, [square, v]),
        (Some(mean), None) => update::<2, _>(&Reduced(centered), of, [square, mean]),
        (Some(mean), Some(v)) => update(&centered, of, [square, mean, v]),
    }
}
