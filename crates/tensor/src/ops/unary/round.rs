//! `y` = the nearest whole number, `dy/dx = 0`.

use super::{Reads, Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::round`].
#[derive(Clone, Copy)]
pub(crate) struct Round;

impl Unary for Round {
    const READS: Reads = Reads::Nothing;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        x.round()
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, _y: V) -> V {
        V::zero()
    }
}

impl Tensor {
    /// Every element rounded to the nearest whole number, ties to even; no gradient flows.
    #[must_use]
    #[track_caller]
    pub fn round(&self) -> Self {
        self.unary(Round)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new("round", |x| x.round(), |x| x.round_ties_even(), |x| 0.0 * x, -9.0, 9.0)]
}
