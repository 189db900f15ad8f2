//! `y = sin x`, `dy/dx = cos x`.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::sin`].
#[derive(Clone, Copy)]
pub(crate) struct Sin;

impl Unary for Sin {
    const COST: usize = 600;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::sin(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        math::cos(x)
    }
}

impl Tensor {
    /// The sine of every element (radians).
    #[must_use]
    #[track_caller]
    pub fn sin(&self) -> Self {
        self.unary(Sin)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new("sin", |x| x.sin(), |x| x.sin(), |x| x.cos(), -20.0, 20.0)]
}
