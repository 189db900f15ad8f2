//! `y = x²`, `dy/dx = 2 x`.

use super::{Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::square`].
#[derive(Clone, Copy)]
pub(crate) struct Square;

impl Unary for Square {
    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        x.mul(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        x.add(x)
    }
}

impl Tensor {
    /// `x²` of every element.
    #[must_use]
    #[track_caller]
    pub fn square(&self) -> Self {
        self.unary(Square)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new("square", |x| x.square(), |x| x * x, |x| 2.0 * x, -9.0, 9.0)]
}
