//! `y = cos x`, `dy/dx = -sin x`.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::cos`].
#[derive(Clone, Copy)]
pub(crate) struct Cos;

impl Unary for Cos {
    const COST: usize = 600;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::cos(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        math::sin(x).neg()
    }
}

impl Tensor {
    /// The cosine of every element (radians).
    #[must_use]
    #[track_caller]
    pub fn cos(&self) -> Self {
        self.unary(Cos)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new("cos", |x| x.cos(), |x| x.cos(), |x| -x.sin(), -20.0, 20.0)]
}
