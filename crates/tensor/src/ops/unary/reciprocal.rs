//! `y = 1 / x`, `dy/dx = -y²`.

use super::{Reads, Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::reciprocal`].
#[derive(Clone, Copy)]
pub(crate) struct Reciprocal;

impl Unary for Reciprocal {
    const READS: Reads = Reads::Output;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        V::splat(1.0).div(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, y: V) -> V {
        y.mul(y).neg()
    }
}

impl Tensor {
    /// `1 / x` of every element.
    #[must_use]
    #[track_caller]
    pub fn reciprocal(&self) -> Self {
        self.unary(Reciprocal)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![
        Check::new("reciprocal", |x| x.reciprocal(), |x| 1.0 / x, |x| -1.0 / (x * x), 0.25, 90.0),
        Check::new("negative", |x| x.reciprocal(), |x| 1.0 / x, |x| -1.0 / (x * x), -90.0, -0.25),
    ]
}
