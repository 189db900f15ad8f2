//! `y = x / divisor`, `dy/dx = 1 / divisor`.

use super::{Reads, Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::div_number`].
#[derive(Clone, Copy)]
pub(crate) struct DivNumber {
    pub(crate) divisor: f32,
}

impl Unary for DivNumber {
    const READS: Reads = Reads::Nothing;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        x.div(V::splat(self.divisor))
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, _y: V) -> V {
        V::splat(1.0 / self.divisor)
    }

    #[inline(always)]
    fn grad<V: Vector>(self, dy: V, _x: V, _y: V) -> V {
        dy.div(V::splat(self.divisor))
    }
}

impl Tensor {
    /// `x / divisor` of every element; the operator `/` with a number is the same.
    #[must_use]
    #[track_caller]
    pub fn div_number(&self, divisor: f32) -> Self {
        self.unary(DivNumber { divisor })
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "by three",
        |x| x.div_number(3.0),
        |x| x / 3.0,
        |x| 1.0 / 3.0 + 0.0 * x,
        -9.0,
        9.0,
    )]
}
