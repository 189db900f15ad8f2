//! `y = 1 / (1 + e^-x)`, `dy/dx = y (1 - y)`.

use super::{Reads, Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::sigmoid`].
#[derive(Clone, Copy)]
pub(crate) struct Sigmoid;

impl Unary for Sigmoid {
    const COST: usize = 600;

    const READS: Reads = Reads::Output;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::sigmoid(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, y: V) -> V {
        y.mul(V::splat(1.0).sub(y))
    }
}

impl Tensor {
    /// The logistic function `1 / (1 + e^-x)` of every element.
    #[must_use]
    #[track_caller]
    pub fn sigmoid(&self) -> Self {
        self.unary(Sigmoid)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::{Check, sigmoid};
    vec![Check::new("sigmoid", |x| x.sigmoid(), sigmoid, |x| sigmoid(x) * sigmoid(-x), -80.0, 80.0)]
}
