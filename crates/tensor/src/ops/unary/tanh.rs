//! `y = tanh x`, `dy/dx = 1 - y²`.

use super::{Reads, Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::tanh`].
#[derive(Clone, Copy)]
pub(crate) struct Tanh;

impl Unary for Tanh {
    const COST: usize = 600;

    const READS: Reads = Reads::Output;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::tanh(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, y: V) -> V {
        y.neg().mul_add(y, V::splat(1.0))
    }
}

impl Tensor {
    /// The hyperbolic tangent of every element.
    #[must_use]
    #[track_caller]
    pub fn tanh(&self) -> Self {
        self.unary(Tanh)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new("tanh", |x| x.tanh(), |x| x.tanh(), |x| 1.0 - x.tanh().powi(2), -30.0, 30.0)]
}
