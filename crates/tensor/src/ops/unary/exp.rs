//! `y = e^x`, `dy/dx = y`.

use super::{Reads, Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::exp`].
#[derive(Clone, Copy)]
pub(crate) struct Exp;

impl Unary for Exp {
    const COST: usize = 500;

    const READS: Reads = Reads::Output;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::exp(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, y: V) -> V {
        y
    }
}

impl Tensor {
    /// `e^x` of every element.
    #[must_use]
    #[track_caller]
    pub fn exp(&self) -> Self {
        self.unary(Exp)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new("exp", |x| x.exp(), |x| x.exp(), |x| x.exp(), -80.0, 30.0)]
}
