//! `y = x` where `|x| > λ`, else 0; `dy/dx = 1`, else 0.

use super::{Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::hardshrink`].
#[derive(Clone, Copy)]
pub(crate) struct Hardshrink {
    pub(crate) lambda: f32,
}

impl Unary for Hardshrink {
    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        x.abs().le(V::splat(self.lambda)).and_not(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        x.abs().le(V::splat(self.lambda)).and_not(V::splat(1.0))
    }
}

impl Tensor {
    /// Sets elements of at most `lambda` in magnitude to 0.
    #[must_use]
    #[track_caller]
    pub fn hardshrink(&self, lambda: f32) -> Self {
        self.unary(Hardshrink { lambda })
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "hardshrink",
        |x| x.hardshrink(0.5),
        |x| if x.abs() > 0.5 { x } else { 0.0 },
        |x| if x.abs() > 0.5 { 1.0 } else { 0.0 },
        -9.0,
        9.0,
    )]
}
