//! `y = x - tanh x`, `dy/dx = tanh² x`.

use super::{Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::tanhshrink`].
#[derive(Clone, Copy)]
pub(crate) struct Tanhshrink;

impl Unary for Tanhshrink {
    const COST: usize = 600;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        // Near 0 the two are close: Taylor's series there.
        let square = x.mul(x);
        let mut series = V::splat(SERIES[0]);
        for &term in &SERIES[1..] {
            series = series.mul_add(square, V::splat(term));
        }
        let near = x.mul(square).mul(series);
        V::select(x.abs().lt(V::splat(NEAR)), near, x.sub(math::tanh(x)))
    }

    #[inline(always)]
    fn df<V: Vector>(self, x: V, _y: V) -> V {
        let t = math::tanh(x);
        t.mul(t)
    }
}

/// Where the series is used.
const NEAR: f32 = 0.4;

/// `x - tanh x = x³/3 - 2x⁵/15 + 17x⁷/315 - …`, the highest power first.
const SERIES: [f32; 6] = [
    -21_844.0 / 6_081_075.0,
    1_382.0 / 155_925.0,
    -62.0 / 2_835.0,
    17.0 / 315.0,
    -2.0 / 15.0,
    1.0 / 3.0,
];

impl Tensor {
    /// `x - tanh x` of every element.
    #[must_use]
    #[track_caller]
    pub fn tanhshrink(&self) -> Self {
        self.unary(Tanhshrink)
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "tanhshrink",
        |x| x.tanhshrink(),
        // Double precision too has no digits left of the difference near 0.
        |x| match x.abs() < 0.02 {
            true => x.powi(3) * (1.0 / 3.0 - x * x * (2.0 / 15.0 - 17.0 / 315.0 * x * x)),
            false => x - x.tanh(),
        },
        |x| x.tanh().powi(2),
        -30.0,
        30.0,
    )]
}
