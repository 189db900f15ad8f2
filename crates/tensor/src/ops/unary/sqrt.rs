//! `y = √x`, `dy/dx = 1 / (2 y)`.

use super::{Reads, Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::sqrt`].
#[derive(Clone, Copy)]
pub(crate) struct Sqrt;

impl Unary for Sqrt {
    const READS: Reads = Reads::Output;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        x.sqrt()
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, y: V) -> V {
        V::splat(0.5).div(y)
    }
}

impl Tensor {
    /// The square root of every element; NaN below 0.
    #[must_use]
    #[track_caller]
    pub fn sqrt(&self) -> Self {
        self.unary(Sqrt)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new("sqrt", |x| x.sqrt(), |x| x.sqrt(), |x| 0.5 / x.sqrt(), 0.05, 90.0)]
}
