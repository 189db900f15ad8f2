//! `y = ln(1 + e^(beta x)) / beta`, and `x` where `beta x > threshold`;
//! `dy/dx = 1 / (1 + e^(-beta x))`, and 1 there.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::softplus`].
#[derive(Clone, Copy)]
pub(crate) struct Softplus {
    pub(crate) beta: f32,
    pub(crate) threshold: f32,
}

impl Unary for Softplus {
    const COST: usize = 1200;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        let scaled = x.mul(V::splat(self.beta));
        let soft = math::softplus(scaled).div(V::splat(self.beta));
        V::select(V::splat(self.threshold).lt(scaled), x, soft)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        let scaled = x.mul(V::splat(self.beta));
        let linear = V::splat(self.threshold).lt(scaled);
        V::select(linear, V::splat(1.0), math::sigmoid(scaled))
    }
}

impl Tensor {
    /// A smooth `relu`: `ln(1 + e^(beta x)) / beta`, and `x` itself where `beta x > threshold`
    /// (PyTorch uses 1 and 20).
    #[must_use]
    #[track_caller]
    pub fn softplus(&self, beta: f32, threshold: f32) -> Self {
        self.unary(Softplus { beta, threshold })
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::{Check, sigmoid};
    vec![
        Check::new(
            "softplus",
            |x| x.softplus(1.0, 20.0),
            |x| if x > 20.0 { x } else { x.exp().ln_1p() },
            |x| if x > 20.0 { 1.0 } else { sigmoid(x) },
            -40.0,
            40.0,
        ),
        Check::new(
            "steep",
            |x| x.softplus(2.0, 3.0),
            |x| if 2.0 * x > 3.0 { x } else { (2.0 * x).exp().ln_1p() / 2.0 },
            |x| if 2.0 * x > 3.0 { 1.0 } else { sigmoid(2.0 * x) },
            -9.0,
            9.0,
        ),
    ]
}
