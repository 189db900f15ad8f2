//! Elementary functions over vector lanes.
//!
//! The method throughout: reduce the argument by an identity, evaluate a polynomial that is
//! minimax on the small remaining interval (fitted for this file by Lawson's iteration, the
//! coefficients rounded to `f32`), and undo the reduction. Muller, *Elementary Functions* (2016),
//! treats all of it. Constants are split in parts (Cody and Waite 1980) so that the reductions are
//! exact without a fused multiply-add too.
//!
//! NaN propagates everywhere; results below the smallest normal number may be flushed to zero.

use super::vector::Vector;

mod exponential;
mod logarithm;
mod normal;
mod power;
#[cfg(test)]
pub(crate) mod reference;
#[cfg(test)]
mod tests;
mod trigonometric;

pub(crate) use exponential::{exp, exp_m1, exp_of_sum, sigmoid, tanh};
pub(crate) use logarithm::{ln, ln_1p, softplus};
pub(crate) use normal::{erf, normal_distribution};
pub(crate) use power::pow;
pub(crate) use trigonometric::{cos, sin};

/// `ln 2` in two parts; the first has so few bits that its multiples are exact.
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// `coefficients[0] + coefficients[1] x + …`, by Horner's scheme.
#[inline(always)]
pub(crate) fn polynomial<V: Vector, const N: usize>(x: V, coefficients: [f32; N]) -> V {
    let mut sum = V::splat(coefficients[N - 1]);
    let mut power = N - 1;
    while power > 0 {
        power -= 1;
        sum = sum.mul_add(x, V::splat(coefficients[power]));
    }
    sum
}

/// Between the bounds, and NaN where `x` is.
#[inline(always)]
pub(crate) fn clamp<V: Vector>(x: V, low: f32, high: f32) -> V {
    V::splat(high).min(V::splat(low).max(x))
}

/// `x` where positive, else zero; NaN propagates.
#[inline(always)]
pub(crate) fn relu<V: Vector>(x: V) -> V {
    V::zero().max(x)
}

/// `x` with the lower half of its significant bits cleared, so that its square is exact.
#[inline(always)]
fn upper_half<V: Vector>(x: V) -> V {
    x.and(V::splat(f32::from_bits(0xffff_f000)))
}
