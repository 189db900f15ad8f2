//! `y = |x|`, `dy/dx = sign(x)`, 0 at 0.

use super::{Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::abs`].
#[derive(Clone, Copy)]
pub(crate) struct Abs;

impl Unary for Abs {
    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        x.abs()
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        super::sign::Sign.f(x)
    }
}

impl Tensor {
    /// `|x|` of every element; the derivative at 0 is 0.
    #[must_use]
    #[track_caller]
    pub fn abs(&self) -> Self {
        self.unary(Abs)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "abs",
        |x| x.abs(),
        |x| x.abs(),
        |x| if x == 0.0 { 0.0 } else { x.signum() },
        -9.0,
        9.0,
    )]
}
