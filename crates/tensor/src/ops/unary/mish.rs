//! `y = x t` with `t = tanh(ln(1 + e^x))`; `dy/dx = t + x (1 - t²) / (1 + e^-x)` (Misra 2019).

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::mish`].
#[derive(Clone, Copy)]
pub(crate) struct Mish;

impl Unary for Mish {
    const COST: usize = 1200;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        // An infinity times the zero of the gate would be NaN.
        V::splat(f32::MIN).max(x).mul(gate(x))
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        let x = math::clamp(x, f32::MIN, f32::MAX); // as above
        let t = gate(x);
        let bend = t.neg().mul_add(t, V::splat(1.0)).mul(math::sigmoid(x));
        x.mul(bend).add(t)
    }
}

impl Tensor {
    /// `x tanh(softplus(x))` of every element.
    #[must_use]
    #[track_caller]
    pub fn mish(&self) -> Self {
        self.unary(Mish)
    }
}

/// `tanh(ln(1 + e^x))`: with `n = e^x (e^x + 2)` it is `n / (n + 2)`, and with `m = e^-x`
/// `(1 + 2m) / (1 + 2m + 2m²)`, which does not overflow for positive `x`.
#[inline(always)]
fn gate<V: Vector>(x: V) -> V {
    let (one, two) = (V::splat(1.0), V::splat(2.0));
    let e = math::exp(x.abs().neg());
    let negative = x.lt(V::zero());
    let numerator = V::select(negative, e.mul(e.add(two)), e.mul_add(two, one));
    let rest = V::select(negative, two, e.mul(e).mul(two));
    numerator.div(numerator.add(rest))
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::{Check, sigmoid};
    vec![Check::new(
        "mish",
        |x| x.mish(),
        |x| x * x.exp().ln_1p().tanh(),
        |x| x.exp().ln_1p().tanh() + x * (1.0 - x.exp().ln_1p().tanh().powi(2)) * sigmoid(x),
        -40.0,
        40.0,
    )]
}
