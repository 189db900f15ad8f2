//! `y = 1.0507 x` where positive, else `1.0507 · 1.6733 (e^x - 1)`; `dy/dx` = 1.0507, else
//! `y + 1.7581` (Klambauer and others 2017).

use super::{Reads, Unary, Vector, math};
use crate::tensor::Tensor;

/// See [`Tensor::selu`].
#[derive(Clone, Copy)]
pub(crate) struct Selu;

impl Unary for Selu {
    const COST: usize = 600;

    const READS: Reads = Reads::Output;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        V::select(
            x.le(V::zero()),
            math::exp_m1(x).mul(V::splat(SCALE * ALPHA)),
            x.mul(V::splat(SCALE)),
        )
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, y: V) -> V {
        V::select(y.le(V::zero()), y.add(V::splat(SCALE * ALPHA)), V::splat(SCALE))
    }
}

impl Tensor {
    /// The scaled exponential linear unit, which keeps activations normalised.
    #[must_use]
    #[track_caller]
    pub fn selu(&self) -> Self {
        self.unary(Selu)
    }
}

const SCALE: f32 = 1.050_701;
const ALPHA: f32 = 1.673_263_2;

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "selu",
        |x| x.selu(),
        |x| 1.0507009873554805 * if x > 0.0 { x } else { 1.6732632423543772 * x.exp_m1() },
        |x| 1.0507009873554805 * if x > 0.0 { 1.0 } else { 1.6732632423543772 * x.exp() },
        -30.0,
        30.0,
    )]
}
