//! `y = x / (1 + |x|)`, `dy/dx = 1 / (1 + |x|)²`.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::softsign`].
#[derive(Clone, Copy)]
pub(crate) struct Softsign;

impl Unary for Softsign {
    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        let x = math::clamp(x, f32::MIN, f32::MAX); // the quotient of infinities is NaN
        x.div(x.abs().add(V::splat(1.0)))
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        let scale = x.abs().add(V::splat(1.0));
        V::splat(1.0).div(scale.mul(scale))
    }
}

impl Tensor {
    /// `x / (1 + |x|)` of every element.
    #[must_use]
    #[track_caller]
    pub fn softsign(&self) -> Self {
        self.unary(Softsign)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "softsign",
        |x| x.softsign(),
        |x| x / (1.0 + x.abs()),
        |x| 1.0 / (1.0 + x.abs()).powi(2),
        -9.0,
        9.0,
    )]
}
