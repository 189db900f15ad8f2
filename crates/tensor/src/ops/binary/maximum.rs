//! `y = max(a, b)`; the gradient goes to the larger operand, half to each where they are equal.

use super::{Binary, Gradient, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::maximum`].
#[derive(Clone, Copy)]
pub(crate) struct Maximum;

impl Binary for Maximum {
    const NAME: &'static str = "maximum";
    const LEFT: Gradient = Gradient::Reads(true, true);
    const RIGHT: Gradient = Gradient::Reads(true, true);

    #[inline(always)]
    fn f<V: Vector>(self, a: V, b: V) -> V {
        V::select(a.eq(a), a.max(b), a) // a NaN on either side stays
    }

    #[inline(always)]
    fn left_grad<V: Vector>(self, dy: V, a: V, b: V) -> V {
        V::select(a.eq(b), dy.mul(V::splat(0.5)), b.lt(a).and(dy))
    }

    #[inline(always)]
    fn right_grad<V: Vector>(self, dy: V, a: V, b: V) -> V {
        V::select(a.eq(b), dy.mul(V::splat(0.5)), a.lt(b).and(dy))
    }
}

impl Tensor {
    /// The larger of `a` and `b`, NaN where either is; equal operands share the gradient evenly.
    ///
    /// # Panics
    /// When the shapes do not broadcast to a common one.
    #[must_use]
    #[track_caller]
    pub fn maximum(&self, other: &Self) -> Self {
        self.binary(other, Maximum)
    }
}

#[cfg(test)]
pub(super) fn check() -> super::tests::Check {
    super::tests::Check::new(
        |a, b| a.maximum(b),
        |a, b| a.max(b),
        |a, b| {
            [
                if a == b { 0.5 } else { f64::from(u8::from(a > b)) },
                if a == b { 0.5 } else { f64::from(u8::from(a < b)) },
            ]
        },
    )
}
