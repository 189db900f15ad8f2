//! `y = x` where positive, else `alpha (e^x - 1)`; `dy/dx = 1`, else `alpha e^x = y + alpha`
//! (Clevert, Unterthiner and Hochreiter 2015).

use super::{Reads, Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::elu`].
#[derive(Clone, Copy)]
pub(crate) struct Elu {
    pub(crate) alpha: f32,
}

impl Unary for Elu {
    const COST: usize = 600;

    fn reads(self) -> Reads {
        if self.alpha >= 0.0 { Reads::Output } else { Reads::Input }
    }

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        V::select(x.le(V::zero()), math::exp_m1(x).mul(V::splat(self.alpha)), x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, y: V) -> V {
        let alpha = V::splat(self.alpha);
        // Unless alpha is negative, the output has the sign of the input.
        if self.alpha >= 0.0 {
            V::select(y.le(V::zero()), y.add(alpha), V::splat(1.0))
        } else {
            V::select(x.le(V::zero()), math::exp(x).mul(alpha), V::splat(1.0))
        }
    }
}

impl Tensor {
    /// The exponential linear unit: `x` where positive, else `alpha (e^x - 1)`.
    #[must_use]
    #[track_caller]
    pub fn elu(&self, alpha: f32) -> Self {
        self.unary(Elu { alpha })
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![
        Check::new(
            "elu",
            |x| x.elu(0.5),
            |x| if x > 0.0 { x } else { 0.5 * x.exp_m1() },
            |x| if x > 0.0 { 1.0 } else { 0.5 * x.exp() },
            -30.0,
            30.0,
        ),
        Check::new(
            "negative alpha",
            |x| x.elu(-0.5),
            |x| if x > 0.0 { x } else { -0.5 * x.exp_m1() },
            |x| if x > 0.0 { 1.0 } else { -0.5 * x.exp() },
            -9.0,
            9.0,
        ),
    ]
}
