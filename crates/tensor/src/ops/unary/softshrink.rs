//! `y = x - λ` above `λ`, `x + λ` below `-λ`, else 0; `dy/dx = 1`, else 0.

use super::{Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::softshrink`].
#[derive(Clone, Copy)]
pub(crate) struct Softshrink {
    pub(crate) lambda: f32,
}

impl Unary for Softshrink {
    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        let shrunk = x.sub(V::splat(self.lambda).or(x.and(V::splat(-0.0))));
        x.abs().le(V::splat(self.lambda)).and_not(shrunk)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        x.abs().le(V::splat(self.lambda)).and_not(V::splat(1.0))
    }
}

impl Tensor {
    /// Moves every element towards 0 by `lambda` (not negative), not past it.
    #[must_use]
    #[track_caller]
    pub fn softshrink(&self, lambda: f32) -> Self {
        self.unary(Softshrink { lambda })
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "softshrink",
        |x| x.softshrink(0.5),
        |x| x.signum() * (x.abs() - 0.5).max(0.0),
        |x| if x.abs() > 0.5 { 1.0 } else { 0.0 },
        -9.0,
        9.0,
    )]
}
