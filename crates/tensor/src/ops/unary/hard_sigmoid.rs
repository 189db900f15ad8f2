//! `y = min(max(x + 3, 0), 6) / 6`; `dy/dx = 1/6` for `-3 < x < 3`, else 0.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::hard_sigmoid`].
#[derive(Clone, Copy)]
pub(crate) struct HardSigmoid;

impl Unary for HardSigmoid {
    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        math::clamp(x.add(V::splat(3.0)), 0.0, 6.0).div(V::splat(6.0))
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        x.abs().lt(V::splat(3.0)).and(V::splat(1.0 / 6.0))
    }
}

impl Tensor {
    /// The piecewise linear sigmoid `min(max(x + 3, 0), 6) / 6`.
    #[must_use]
    #[track_caller]
    pub fn hard_sigmoid(&self) -> Self {
        self.unary(HardSigmoid)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "hard_sigmoid",
        |x| x.hard_sigmoid(),
        |x| (x + 3.0).clamp(0.0, 6.0) / 6.0,
        |x| if x.abs() < 3.0 { 1.0 / 6.0 } else { 0.0 },
        -9.0,
        9.0,
    )]
}
