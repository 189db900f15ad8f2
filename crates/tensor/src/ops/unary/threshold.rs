//! `y = x` where `x > threshold`, else `value`; `dy/dx = 1`, else 0.

use super::{Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::threshold`].
#[derive(Clone, Copy)]
pub(crate) struct Threshold {
    pub(crate) threshold: f32,
    pub(crate) value: f32,
}

impl Unary for Threshold {
    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        V::select(x.le(V::splat(self.threshold)), V::splat(self.value), x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        x.le(V::splat(self.threshold)).and_not(V::splat(1.0))
    }
}

impl Tensor {
    /// Replaces elements that do not exceed `threshold` by `value`.
    #[must_use]
    #[track_caller]
    pub fn threshold(&self, threshold: f32, value: f32) -> Self {
        self.unary(Threshold { threshold, value })
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "threshold",
        |x| x.threshold(0.5, -2.0),
        |x| if x > 0.5 { x } else { -2.0 },
        |x| if x > 0.5 { 1.0 } else { 0.0 },
        -9.0,
        9.0,
    )]
}
