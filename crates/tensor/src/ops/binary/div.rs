//! `y = a / b`, `dy/da = 1 / b`, `dy/db = -a / b²`.

use super::{Binary, Gradient, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::div`].
#[derive(Clone, Copy)]
pub(crate) struct Div;

impl Binary for Div {
    const NAME: &'static str = "div";
    const LEFT: Gradient = Gradient::Reads(false, true);
    const RIGHT: Gradient = Gradient::Reads(true, true);

    #[inline(always)]
    fn f<V: Vector>(self, a: V, b: V) -> V {
        a.div(b)
    }

    #[inline(always)]
    fn left_grad<V: Vector>(self, dy: V, _a: V, b: V) -> V {
        dy.div(b)
    }

    #[inline(always)]
    fn right_grad<V: Vector>(self, dy: V, a: V, b: V) -> V {
        dy.neg().mul(a.div(b).div(b))
    }
}

impl Tensor {
    /// `a / b`; the operator `/` is the same.
    ///
    /// # Panics
    /// When the shapes do not broadcast to a common one.
    #[must_use]
    #[track_caller]
    pub fn div(&self, other: &Self) -> Self {
        self.binary(other, Div)
    }
}

#[cfg(test)]
pub(super) fn check() -> super::tests::Check {
    super::tests::Check::new(|a, b| a.div(b), |a, b| a / b, |a, b| [1.0 / b, -a / (b * b)])
}
