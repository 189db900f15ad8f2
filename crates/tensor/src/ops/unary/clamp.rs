//! `y = min(max(x, low), high)`, `dy/dx = 1` within the bounds (inclusive), else 0.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::clamp`].
#[derive(Clone, Copy)]
pub(crate) struct Clamp {
    pub(crate) low: f32,
    pub(crate) high: f32,
}

impl Unary for Clamp {
    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::clamp(x, self.low, self.high)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        let within = V::splat(self.low).le(x).and(x.le(V::splat(self.high)));
        within.and(V::splat(1.0))
    }
}

impl Tensor {
    /// Every element kept between `low` and `high`; the derivative at a bound is 1.
    #[must_use]
    #[track_caller]
    pub fn clamp(&self, low: f32, high: f32) -> Self {
        self.unary(Clamp { low, high })
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "clamp",
        |x| x.clamp(-0.5, 2.0),
        |x| x.clamp(-0.5, 2.0),
        |x| if (-0.5..=2.0).contains(&x) { 1.0 } else { 0.0 },
        -9.0,
        9.0,
    )]
}
