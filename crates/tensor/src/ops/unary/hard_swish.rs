//! `y = x min(max(x + 3, 0), 6) / 6`; `dy/dx` = 0 for `x <= -3`, 1 for `x >= 3`, else
//! `x/3 + 1/2` (Howard and others 2019).

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::hard_swish`].
#[derive(Clone, Copy)]
pub(crate) struct HardSwish;

impl Unary for HardSwish {
    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        let gate = math::clamp(x.add(V::splat(3.0)), 0.0, 6.0).div(V::splat(6.0));
        // An infinity times the zero of the gate would be NaN.
        V::splat(f32::MIN).max(x).mul(gate)
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        let three = V::splat(3.0);
        let slope = x.div(three).add(V::splat(0.5));
        let slope = V::select(three.le(x), V::splat(1.0), slope);
        V::select(x.le(three.neg()), V::zero(), slope)
    }
}

impl Tensor {
    /// The piecewise version of [`Tensor::silu`].
    #[must_use]
    #[track_caller]
    pub fn hard_swish(&self) -> Self {
        self.unary(HardSwish)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "hard_swish",
        |x| x.hard_swish(),
        |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        |x| {
            if x <= -3.0 {
                0.0
            } else if x < 3.0 {
                x / 3.0 + 0.5
            } else {
                1.0
            }
        },
        -9.0,
        9.0,
    )]
}
