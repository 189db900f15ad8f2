//! `y = x Φ(x)` with the normal distribution's `Φ(x) = (1 + erf(x/√2)) / 2`;
//! `dy/dx = Φ(x) + x e^(-x²/2) / √(2π)` (Hendrycks and Gimpel 2016).

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::gelu`].
#[derive(Clone, Copy)]
pub(crate) struct Gelu;

impl Unary for Gelu {
    const COST: usize = 1200;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        let (below, _) = math::normal_distribution(x);
        // Far out, where x is infinite, nothing is left of the tail.
        V::select(below.eq(V::zero()), V::zero(), x.mul(below))
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        let (below, density) = math::normal_distribution(x);
        V::select(density.eq(V::zero()), below, x.mul_add(density, below))
    }
}

impl Tensor {
    /// The Gaussian error linear unit `x Φ(x)`, exactly.
    #[must_use]
    #[track_caller]
    pub fn gelu(&self) -> Self {
        self.unary(Gelu)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::{Check, phi};
    vec![Check::new(
        "gelu",
        |x| x.gelu(),
        |x| x * phi(x),
        |x| phi(x) + x * (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt(),
        -15.0,
        15.0,
    )]
}
