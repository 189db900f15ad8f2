//! `y = ⌊x⌋`, `dy/dx = 0`.

use super::{Reads, Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::floor`].
#[derive(Clone, Copy)]
pub(crate) struct Floor;

impl Unary for Floor {
    const READS: Reads = Reads::Nothing;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        x.floor()
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, _y: V) -> V {
        V::zero()
    }
}

impl Tensor {
    /// Every element rounded down; no gradient flows.
    #[must_use]
    #[track_caller]
    pub fn floor(&self) -> Self {
        self.unary(Floor)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new("floor", |x| x.floor(), |x| x.floor(), |x| 0.0 * x, -9.0, 9.0)]
}
