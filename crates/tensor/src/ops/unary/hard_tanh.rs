//! `y = min(max(x, low), high)`; `dy/dx = 1` strictly between the bounds, else 0.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::hard_tanh`].
#[derive(Clone, Copy)]
pub(crate) struct HardTanh {
    pub(crate) low: f32,
    pub(crate) high: f32,
}

impl Unary for HardTanh {
    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::clamp(x, self.low, self.high)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        V::splat(self.low).lt(x).and(x.lt(V::splat(self.high))).and(V::splat(1.0))
    }
}

impl Tensor {
    /// As [`Tensor::clamp`], with the derivative 0 at the bounds. Between 0 and 6 it is ReLU6.
    #[must_use]
    #[track_caller]
    pub fn hard_tanh(&self, low: f32, high: f32) -> Self {
        self.unary(HardTanh { low, high })
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "hard_tanh",
        |x| x.hard_tanh(-0.5, 2.0),
        |x| x.clamp(-0.5, 2.0),
        |x| if x > -0.5 && x < 2.0 { 1.0 } else { 0.0 },
        -9.0,
        9.0,
    )]
}
