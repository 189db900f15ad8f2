//! `y = -x`, `dy/dx = -1`.

use super::{Reads, Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::neg`].
#[derive(Clone, Copy)]
pub(crate) struct Neg;

impl Unary for Neg {
    const READS: Reads = Reads::Nothing;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        x.neg()
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, _y: V) -> V {
        V::splat(-1.0)
    }
}

impl Tensor {
    /// `-x` of every element.
    #[must_use]
    #[track_caller]
    pub fn neg(&self) -> Self {
        self.unary(Neg)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new("neg", |x| x.neg(), |x| -x, |_| -1.0, -9.0, 9.0)]
}
