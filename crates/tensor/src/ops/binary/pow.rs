//! `y = a^b`, `dy/da = b a^(b-1)`, `dy/db = a^b ln a`.

use super::{Binary, Gradient, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::pow`].
#[derive(Clone, Copy)]
pub(crate) struct Pow;

impl Binary for Pow {
    const NAME: &'static str = "pow";
    const COST: usize = 12_000;
    const LEFT: Gradient = Gradient::Reads(true, true);
    const RIGHT: Gradient = Gradient::Reads(true, true);

    #[inline(always)]
    fn f<V: Vector>(self, a: V, b: V) -> V {
        math::pow(a, b)
    }

    #[inline(always)]
    fn left_grad<V: Vector>(self, dy: V, a: V, b: V) -> V {
        let slope = b.mul(math::pow(a, b.sub(V::splat(1.0))));
        // a^0 is 1 everywhere, also where a^-1 is infinite.
        dy.mul(V::select(b.eq(V::zero()), V::zero(), slope))
    }

    #[inline(always)]
    fn right_grad<V: Vector>(self, dy: V, a: V, b: V) -> V {
        let slope = math::pow(a, b).mul(math::ln(a));
        // 0^b is 0 for every positive b: ln 0 does not count.
        let flat = a.eq(V::zero()).and(V::zero().le(b));
        dy.mul(V::select(flat, V::zero(), slope))
    }
}

impl Tensor {
    /// `a^b`, element by element; NaN for negative `a` unless `b` is whole.
    ///
    /// # Panics
    /// When the shapes do not broadcast to a common one.
    #[must_use]
    #[track_caller]
    pub fn pow(&self, other: &Self) -> Self {
        self.binary(other, Pow)
    }
}

#[cfg(test)]
pub(super) fn check() -> super::tests::Check {
    super::tests::Check::new(
        |a, b| a.pow(b),
        |a, b| a.powf(b),
        |a, b| [b * a.powf(b - 1.0), a.powf(b) * a.ln()],
    )
}
