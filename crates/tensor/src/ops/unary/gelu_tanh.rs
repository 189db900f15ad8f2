//! `y = x (1 + tanh(u)) / 2` with `u = √(2/π) (x + 0.044715 x³)`;
//! `dy/dx = (1 + t) / 2 + x (1 - t²) u' / 2` with `t = tanh(u)`. Since `(1 + tanh(u)) / 2` is the
//! sigmoid `s` of `2 u`, that is `s + x s (1 - s) 2 u'` (Hendrycks and Gimpel 2016).

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::gelu_tanh`].
#[derive(Clone, Copy)]
pub(crate) struct GeluTanh;

impl Unary for GeluTanh {
    const COST: usize = 1200;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        let s = math::sigmoid(twice_u(x));
        V::select(s.eq(V::zero()), V::zero(), x.mul(s))
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        let (s, rest) = (math::sigmoid(twice_u(x)), math::sigmoid(twice_u(x).neg()));
        let slope = x.mul(x).mul_add(V::splat(6.0 * FACTOR * CUBE), V::splat(2.0 * FACTOR));
        let bend = s.mul(rest);
        V::select(bend.eq(V::zero()), s, x.mul(bend).mul_add(slope, s))
    }
}

impl Tensor {
    /// The tanh approximation of [`Tensor::gelu`].
    #[must_use]
    #[track_caller]
    pub fn gelu_tanh(&self) -> Self {
        self.unary(GeluTanh)
    }
}

/// `√(2/π)`.
const FACTOR: f32 = 0.797_884_6;
const CUBE: f32 = 0.044_715;

#[inline(always)]
fn twice_u<V: Vector>(x: V) -> V {
    let inner = x.mul(x).mul_add(V::splat(2.0 * FACTOR * CUBE), V::splat(2.0 * FACTOR));
    x.mul(inner)
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::{Check, du2, sigmoid, u2};
    vec![Check::new(
        "gelu_tanh",
        |x| x.gelu_tanh(),
        |x| x * sigmoid(u2(x)),
        |x| sigmoid(u2(x)) + x * sigmoid(u2(x)) * sigmoid(-u2(x)) * du2(x),
        -15.0,
        15.0,
    )]
}
