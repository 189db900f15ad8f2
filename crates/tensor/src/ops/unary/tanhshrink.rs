//! `y = x - tanh x`, `dy/dx = tanh² x`.

use super::{Reads, Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::tanhshrink`].
#[derive(Clone, Copy)]
pub(crate) struct Tanhshrink;

impl Unary for Tanhshrink {
    const COST: usize = 600;

    fn reads(self) -> Reads {
        Reads::Input
    }

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        x.sub(math::tanh(x))
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        let t = math::tanh(x);
        t.mul(t)
    }
}

impl Tensor {
    /// `x - tanh x` of every element.
    #[must_use]
    #[track_caller]
    pub fn tanhshrink(&self) -> Self {
        self.unary(Tanhshrink)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "tanhshrink",
        |x| x.tanhshrink(),
        |x| x - x.tanh(),
        |x| x.tanh().powi(2),
        -30.0,
        30.0,
    )]
}
