//! `y = ln(1 + x)`, `dy/dx = 1 / (1 + x)`.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::ln_1p`].
#[derive(Clone, Copy)]
pub(crate) struct Ln1p;

impl Unary for Ln1p {
    const COST: usize = 600;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::ln_1p(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        V::splat(1.0).div(x.add(V::splat(1.0)))
    }
}

impl Tensor {
    /// `ln(1 + x)` of every element, accurate near 0.
    #[must_use]
    #[track_caller]
    pub fn ln_1p(&self) -> Self {
        self.unary(Ln1p)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new("ln_1p", |x| x.ln_1p(), |x| x.ln_1p(), |x| 1.0 / (1.0 + x), -0.9, 90.0)]
}
