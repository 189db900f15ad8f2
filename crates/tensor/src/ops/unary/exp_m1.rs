//! `y = e^x - 1`, `dy/dx = y + 1`.

use super::{Reads, Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::exp_m1`].
#[derive(Clone, Copy)]
pub(crate) struct ExpM1;

impl Unary for ExpM1 {
    const COST: usize = 500;

    const READS: Reads = Reads::Output;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::exp_m1(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, y: V) -> V {
        y.add(V::splat(1.0))
    }
}

impl Tensor {
    /// `e^x - 1` of every element, accurate near 0.
    #[must_use]
    #[track_caller]
    pub fn exp_m1(&self) -> Self {
        self.unary(ExpM1)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new("exp_m1", |x| x.exp_m1(), |x| x.exp_m1(), |x| x.exp(), -10.0, 30.0)]
}
