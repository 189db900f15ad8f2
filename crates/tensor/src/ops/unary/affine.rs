//! `y = scale x + shift`, `dy/dx = scale`.

use super::{Reads, Unary, Vector};
use crate::tensor::Tensor;

/// See [`Tensor::affine`].
#[derive(Clone, Copy)]
pub(crate) struct Affine {
    pub(crate) scale: f32,
    pub(crate) shift: f32,
}

impl Unary for Affine {
    const READS: Reads = Reads::Nothing;

    #[inline(always)]
    fn f<V: Vector>(self, x: V) -> V {
        x.mul_add(V::splat(self.scale), V::splat(self.shift))
    }

    #[inline(always)]
    fn df<V: Vector>(self, _x: V, _y: V) -> V {
        V::splat(self.scale)
    }
}

impl Tensor {
    /// `scale x + shift` of every element: what arithmetic with numbers comes to.
    #[must_use]
    #[track_caller]
    pub fn affine(&self, scale: f32, shift: f32) -> Self {
        self.unary(Affine { scale, shift })
    }
}

#[cfg(test)]
pub(super) fn checks() -> Vec<super::tests::Check> {
    use super::tests::Check;
    vec![Check::new(
        "affine",
        |x| x.affine(-2.0, 0.5),
        |x| 0.5 - 2.0 * x,
        |x| -2.0 + 0.0 * x,
        -9.0,
        9.0,
    )]
}
