//! `m ← β₁m + (1-β₁)g`, `s ← β₂s + (1-β₂)g²`, `w ← w - lr·m̂ / (√ŝ + ε)` with `m̂ = m/(1-β₁ᵗ)`,
//! `ŝ = s/(1-β₂ᵗ)` (Kingma and Ba 2015); decoupled decay `w ← w - lr·λ·w` before (Loshchilov and
//! Hutter 2019); AMSGrad takes the largest `s` so far (Reddi, Kale and Kumar 2018).

use super::{Parameter, Rule, update, with_decay};
use crate::cpu::vector::Vector;

/// The settings of one Adam or AdamW step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// The learning rate.
    pub learning_rate: f64,
    /// β₁ and β₂: how much of the moments stays.
    pub betas: [f64; 2],
    /// ε: keeps the division finite.
    pub epsilon: f64,
    /// λ: the weight decay.
    pub weight_decay: f64,
    /// AdamW: decay shrinks the weight itself instead of entering the gradient.
    pub decoupled: bool,
    /// Climbs instead of descending.
    pub maximize: bool,
    /// t: which update of this parameter this is, from 1.
    pub step: u64,
}

impl Default for AdamStep {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
            decoupled: false,
            maximize: false,
            step: 1,
        }
    }
}

/// What follows from the settings, in single precision.
#[derive(Clone, Copy)]
struct Factors {
    keep_first: f32,
    keep_second: f32,
    add_second: f32,
    size: f32,
    scale: f32,
    epsilon: f32,
    shrink: f32,
    penalty: f32,
    maximize: bool,
}

impl Factors {
    fn new(step: AdamStep) -> Self {
        let [first, second] = step.betas;
        let correction = |beta: f64| 1.0 - beta.powf(step.step as f64);
        let decay =
            |decoupled: bool| if step.decoupled == decoupled { step.weight_decay } else { 0.0 };
        Self {
            keep_first: (1.0 - first) as f32,
            keep_second: second as f32,
            add_second: (1.0 - second) as f32,
            size: -(step.learning_rate / correction(first)) as f32,
            scale: (1.0 / correction(second).sqrt()) as f32,
            epsilon: step.epsilon as f32,
            shrink: (1.0 - step.learning_rate * decay(true)) as f32,
            penalty: decay(false) as f32,
            maximize: step.maximize,
        }
    }

    #[inline(always)]
    fn apply<V: Vector>(&self, value: V, gradient: V, m: V, s: V, largest: Option<V>) -> [V; 4] {
        let value = if self.shrink == 1.0 { value } else { value.mul(V::splat(self.shrink)) };
        let g = with_decay(gradient, value, self.penalty, self.maximize);
        let m = V::splat(self.keep_first).mul_add(g.sub(m), m);
        let s = V::splat(self.keep_second).mul_add(s, V::splat(self.add_second).mul(g.mul(g)));
        let largest = largest.map_or(s, |largest| largest.max(s));
        let root = largest.sqrt().mul_add(V::splat(self.scale), V::splat(self.epsilon));
        [V::splat(self.size).mul_add(m.div(root), value), m, s, largest]
    }
}

#[derive(Clone, Copy)]
struct Adam(Factors);

impl Rule<2> for Adam {
    #[inline(always)]
    fn apply<V: Vector>(&self, value: V, gradient: V, [m, s]: [V; 2]) -> (V, [V; 2]) {
        let [value, m, s, _] = self.0.apply(value, gradient, m, s, None);
        (value, [m, s])
    }
}

#[derive(Clone, Copy)]
struct AmsGrad(Factors);

impl Rule<3> for AmsGrad {
    #[inline(always)]
    fn apply<V: Vector>(&self, value: V, gradient: V, [m, s, l]: [V; 3]) -> (V, [V; 3]) {
        let [value, m, s, l] = self.0.apply(value, gradient, m, s, Some(l));
        (value, [m, s, l])
    }
}

/// One step of Adam or AdamW; of their AMSGrad variant when `largest` is given.
///
/// # Panics
/// When lengths differ.
#[track_caller]
pub fn adam(
    step: AdamStep,
    of: Parameter<'_>,
    first_moment: &mut [f32],
    second_moment: &mut [f32],
    largest: Option<&mut [f32]>,
) {
    let factors = Factors::new(step);
    match largest {
        None => update(&Adam(factors), of, [first_moment, second_moment]),
        Some(largest) => {
            update(&AmsGrad(factors), of, [first_moment, second_moment, largest]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first step moves every weight by the learning rate against its gradient's sign.
    #[test]
    fn the_first_step_is_the_learning_rate() {
        let (mut w, mut m, mut s) = ([1.0, 1.0, 1.0], [0.0; 3], [0.0; 3]);
        adam(AdamStep::default(), Parameter::new(&mut w, &[5.0, -0.01, 0.0]), &mut m, &mut s, None);
        for (w, expected) in w.iter().zip([1.0 - 1e-3, 1.0 + 1e-3, 1.0]) {
            assert!((w - expected).abs() < 1e-7, "{w} {expected}");
        }
    }

    #[test]
    fn decoupled_decay_does_not_enter_the_moments() {
        let step = AdamStep { weight_decay: 0.5, decoupled: true, ..AdamStep::default() };
        let (mut w, mut m, mut s) = ([2.0], [0.0], [0.0]);
        adam(step, Parameter::new(&mut w, &[0.0]), &mut m, &mut s, None);
        assert_eq!((w, m), ([2.0 * (1.0 - 0.5e-3) as f32], [0.0]));
        adam(
            AdamStep { decoupled: false, ..step },
            Parameter::new(&mut w, &[0.0]),
            &mut m,
            &mut s,
            None,
        );
        assert!(m[0] > 0.0);
    }
}
