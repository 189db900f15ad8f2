//! `y = 2/√π ∫₀ˣ e^(-t²) dt`, `dy/dx = 2/√π e^(-x²)`.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::erf`].
#[derive(Clone, Copy)]
pub(crate) struct Erf;

impl Unary for Erf {
    const COST: usize = 1200;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::erf(x)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        V::splat(std::f32::consts::FRAC_2_SQRT_PI).mul(math::exp(x.mul(x).neg()))
    }
}

impl Tensor {
    /// The error function of every element.
    #[must_use]
    #[track_caller]
    pub fn erf(&self) -> Self {
        self.unary(Erf)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "erf",
        |x| x.erf(),
        glassbox_kernels::testing::reference::erf,
        |x| std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp(),
        -6.0,
        6.0,
    )]
}
