//! `y = a b`, `dy/da = b`, `dy/db = a`.

use super::{Binary, Gradient, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::mul`].
#[derive(Clone, Copy)]
pub(crate) struct Mul;

impl Binary for Mul {
    const NAME: &'static str = "mul";
    const LEFT: Gradient = Gradient::Reads(false, true);
    const RIGHT: Gradient = Gradient::Reads(true, false);

    #[inline(always)]
    fn f<V: Vector>(self, a: V, b: V) -> V {
        a.mul(b)
    }

    #[inline(always)]
    fn left_grad<V: Vector>(self, dy: V, _a: V, b: V) -> V {
        dy.mul(b)
    }

    #[inline(always)]
    fn right_grad<V: Vector>(self, dy: V, a: V, _b: V) -> V {
        dy.mul(a)
    }
}

impl Tensor {
    /// `a b`, element by element; the operator `*` is the same.
    ///
    /// # Panics
    /// When the shapes do not broadcast to a common one.
    #[must_use]
    #[track_caller]
    pub fn mul(&self, other: &Self) -> Self {
        self.binary(other, Mul)
    }
}

#[cfg(test)]
pub(super) fn check() -> super::tests::Check {
    super::tests::Check::new(|a, b| a.mul(b), |a, b| a * b, |a, b| [b, a])
}
