//! `y = a - b`, `dy/da = 1`, `dy/db = -1`.

use super::{Binary, Gradient, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::sub`].
#[derive(Clone, Copy)]
pub(crate) struct Sub;

impl Binary for Sub {
    const NAME: &'static str = "sub";
    const LEFT: Gradient = Gradient::Same;
    const RIGHT: Gradient = Gradient::Reads(false, false);

    #[inline(always)]
    fn f<V: Vector>(self, a: V, b: V) -> V {
        a.sub(b)
    }

    #[inline(always)]
    fn right_grad<V: Vector>(self, dy: V, _a: V, _b: V) -> V {
        dy.neg()
    }
}

impl Tensor {
    /// `a - b`; the operator `-` is the same.
    ///
    /// # Panics
    /// When the shapes do not broadcast to a common one.
    #[must_use]
    #[track_caller]
    pub fn sub(&self, other: &Self) -> Self {
        self.binary(other, Sub)
    }
}

#[cfg(test)]
pub(super) fn check() -> super::tests::Check {
    super::tests::Check::new(|a, b| a.sub(b), |a, b| a - b, |_, _| [1.0, -1.0])
}
