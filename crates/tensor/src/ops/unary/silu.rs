//! `y = x s` with `s = 1 / (1 + e^-x)`, `dy/dx = s (1 + x (1 - s))` (Elfwing, Uchibe and Doya 2017).

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::silu`].
#[derive(Clone, Copy)]
pub(crate) struct Silu;

impl Unary for Silu {
    const COST: usize = 600;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        // An infinity times the zero of the sigmoid would be NaN.
        V::splat(f32::MIN).max(x).mul(math::sigmoid(x))
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        let x = math::clamp(x, f32::MIN, f32::MAX); // as above
        let s = math::sigmoid(x);
        let one = V::splat(1.0);
        s.mul(one.sub(s).mul_add(x, one))
    }
}

impl Tensor {
    /// The sigmoid linear unit, also called swish: `x / (1 + e^-x)`.
    #[must_use]
    #[track_caller]
    pub fn silu(&self) -> Self {
        self.unary(Silu)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::{Check, sigmoid};
    vec![Check::new(
        "silu",
        |x| x.silu(),
        |x| x * sigmoid(x),
        |x| sigmoid(x) * (1.0 + x * sigmoid(-x)),
        -40.0,
        40.0,
    )]
}
