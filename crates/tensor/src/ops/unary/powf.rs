//! `y = x^p`, `dy/dx = p x^(p-1)`.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::powf`].
#[derive(Clone, Copy)]
pub(crate) struct Powf {
    pub(crate) exponent: f32,
}

impl Unary for Powf {
    const COST: usize = 12_000;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::pow(x, V::splat(self.exponent))
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        if self.exponent == 0.0 {
            return V::zero(); // also where x^-1 is infinite
        }
        V::splat(self.exponent).mul(math::pow(x, V::splat(self.exponent - 1.0)))
    }
}

impl Tensor {
    /// `x^exponent` of every element; NaN for negative `x` unless the exponent is whole.
    /// See [`Tensor::pow`] for a tensor of exponents.
    #[must_use]
    #[track_caller]
    pub fn powf(&self, exponent: f32) -> Self {
        self.unary(Powf { exponent })
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![
        Check::new(
            "square root",
            |x| x.powf(0.5),
            |x| x.powf(0.5),
            |x| 0.5 * x.powf(-0.5),
            0.25,
            90.0,
        ),
        Check::new("cube", |x| x.powf(3.0), |x| x * x * x, |x| 3.0 * x * x, -9.0, 9.0),
        Check::new(
            "1.7",
            |x| x.powf(1.7),
            |x| x.powf(f64::from(1.7f32)),
            |x| f64::from(1.7f32) * x.powf(f64::from(1.7f32 - 1.0)),
            0.1,
            9.0,
        ),
        Check::new("zero", |x| x.powf(0.0), |x| x.powf(0.0), |x| 0.0 * x, -1.0, 1.0),
    ]
}
