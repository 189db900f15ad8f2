//! `y = ln x`, `dy/dx = 1 / x`.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::ln`].
#[derive(Clone, Copy)]
pub(crate) struct Ln;

impl Unary for Ln {
    const COST: usize = 500;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::ln(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        V::splat(1.0).div(x)
    }
}

impl Tensor {
    /// The natural logarithm of every element; NaN below 0, `-inf` at 0.
    #[must_use]
    #[track_caller]
    pub fn ln(&self) -> Self {
        self.unary(Ln)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new("ln", |x| x.ln(), |x| x.ln(), |x| 1.0 / x, 0.05, 90.0)]
}
