//! `y = min(a, b)`; the gradient goes to the smaller operand, half to each where they are equal.

use super::{Binary, Gradient, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::minimum`].
#[derive(Clone, Copy)]
pub(crate) struct Minimum;

impl Binary for Minimum {
    const NAME: &'static str = "minimum";
    const LEFT: Gradient = Gradient::Reads(true, true);
    const RIGHT: Gradient = Gradient::Reads(true, true);

    #[inline(always)]
    fn f<V: Vector>(self, a: V, b: V) -> V {
        V::select(a.eq(a), a.min(b), a) // a NaN on either side stays
    }

    #[inline(always)]
    fn left_grad<V: Vector>(self, dy: V, a: V, b: V) -> V {
        V::select(a.eq(b), dy.mul(V::splat(0.5)), a.lt(b).and(dy))
    }

    #[inline(always)]
    fn right_grad<V: Vector>(self, dy: V, a: V, b: V) -> V {
        V::select(a.eq(b), dy.mul(V::splat(0.5)), b.lt(a).and(dy))
    }
}

impl Tensor {
    /// The smaller of `a` and `b`, NaN where either is; equal operands share the gradient evenly.
    ///
    /// # Panics
    /// When the shapes do not broadcast to a common one.
    #[must_use]
    #[track_caller]
    pub fn minimum(&self, other: &Self) -> Self {
        self.binary(other, Minimum)
    }
}

#[cfg(test)]
pub(super) fn check() -> super::tests::Check {
    super::tests::Check::new(
        |a, b| a.minimum(b),
        |a, b| a.min(b),
        |a, b| {
            [
                if a == b { 0.5 } else { f64::from(u8::from(a < b)) },
                if a == b { 0.5 } else { f64::from(u8::from(a > b)) },
            ]
        },
    )
}
