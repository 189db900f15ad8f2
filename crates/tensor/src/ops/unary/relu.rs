//! `y = max(x, 0)`, `dy/dx = 1` where positive, else 0.

use super::{Reads, Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::relu`].
#[derive(Clone, Copy)]
pub(crate) struct Relu;

impl Unary for Relu {
    const READS: Reads = Reads::Output;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::relu(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, y: V) -> V {
        V::select(y.le(V::zero()), V::zero(), V::splat(1.0))
    }

    #[inline(always)]
    fn grad<V: Vector>(self, dy: V, _x: V, y: V) -> V {
        y.le(V::zero()).and_not(dy)
    }
}

impl Tensor {
    /// `max(x, 0)` of every element; the derivative at 0 is 0.
    #[must_use]
    #[track_caller]
    pub fn relu(&self) -> Self {
        self.unary(Relu)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "relu",
        |x| x.relu(),
        |x| x.max(0.0),
        |x| if x > 0.0 { 1.0 } else { 0.0 },
        -9.0,
        9.0,
    )]
}
