//! `y = x` where positive, else `alpha (e^(x/alpha) - 1)`; `dy/dx = 1`, else `e^(x/alpha)`
//! (Barron 2017).

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::celu`].
#[derive(Clone, Copy)]
pub(crate) struct Celu {
    pub(crate) alpha: f32,
}

impl Unary for Celu {
    const COST: usize = 600;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        V::select(
            x.le(V::zero()),
            math::exp_m1(x.div(V::splat(self.alpha))).mul(V::splat(self.alpha)),
            x,
        )
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        V::select(x.le(V::zero()), math::exp(x.div(V::splat(self.alpha))), V::splat(1.0))
    }
}

impl Tensor {
    /// The continuously differentiable exponential linear unit.
    #[must_use]
    #[track_caller]
    pub fn celu(&self, alpha: f32) -> Self {
        self.unary(Celu { alpha })
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "celu",
        |x| x.celu(0.5),
        |x| if x > 0.0 { x } else { 0.5 * (2.0 * x).exp_m1() },
        |x| if x > 0.0 { 1.0 } else { (2.0 * x).exp() },
        -30.0,
        30.0,
    )]
}
