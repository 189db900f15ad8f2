//! `y = -1`, 0 or 1, `dy/dx = 0`.

use super::{Reads, Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::sign`].
#[derive(Clone, Copy)]
pub(crate) struct Sign;

impl Unary for Sign {
    const READS: Reads = Reads::Nothing;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        let magnitude = V::select(x.eq(V::zero()), V::zero(), V::splat(1.0));
        let sign = magnitude.or(x.and(V::splat(-0.0)));
        V::select(x.eq(x), sign, x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, _y: V) -> V {
        V::zero()
    }
}

impl Tensor {
    /// -1, 0 or 1 as every element is negative, zero or positive; no gradient flows.
    #[must_use]
    #[track_caller]
    pub fn sign(&self) -> Self {
        self.unary(Sign)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "sign",
        |x| x.sign(),
        |x| if x == 0.0 { 0.0 } else { x.signum() },
        |x| 0.0 * x,
        -9.0,
        9.0,
    )]
}
