//! `y = 1 / √x`, `dy/dx = -y³ / 2`.

use super::{Reads, Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::rsqrt`].
#[derive(Clone, Copy)]
pub(crate) struct Rsqrt;

impl Unary for Rsqrt {
    const READS: Reads = Reads::Output;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        V::splat(1.0).div(x.sqrt())
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, y: V) -> V {
        // Halved first: the cube may overflow where half of it does not.
        y.mul(V::splat(-0.5)).mul(y).mul(y)
    }
}

impl Tensor {
    /// `1 / √x` of every element.
    #[must_use]
    #[track_caller]
    pub fn rsqrt(&self) -> Self {
        self.unary(Rsqrt)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "rsqrt",
        |x| x.rsqrt(),
        |x| 1.0 / x.sqrt(),
        |x| -0.5 / x.sqrt().powi(3),
        0.25,
        90.0,
    )]
}
