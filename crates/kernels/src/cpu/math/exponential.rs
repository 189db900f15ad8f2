//! The exponential and what follows from it.

#![allow(clippy::excessive_precision)]

use std::f32::consts::{LN_2, LOG2_E};

use super::super::vector::{EXPONENT_IN_LOWEST_BITS, Vector};
use super::{LN_2_HIGH, LN_2_LOW, clamp, polynomial};

/// The whole `n` nearest to `x * factor`, and `2^(n + shift)`: a sum with a large number has both.
#[inline(always)]
fn nearest_power<V: Vector>(x: V, factor: f32, shift: f32) -> (V, V) {
    let large = V::splat(EXPONENT_IN_LOWEST_BITS + shift);
    let sum = x.mul_add(V::splat(factor), large);
    (sum.sub(large), sum.exponent_from_lowest_bits())
}

/// `x = n ln 2 + r` with a whole `n` and `|r| <= ln 2 / 2`: `(2^(n - 1), r)`. Half of `2^n`, so
/// that the largest results (n = 128) do not overflow too early.
#[inline(always)]
fn reduce_by_ln_2<V: Vector>(x: V) -> (V, V) {
    let (n, half) = nearest_power(x, LOG2_E, -1.0);
    let r = n.mul_add(V::splat(-LN_2_HIGH), x);
    (half, n.mul_add(V::splat(-LN_2_LOW), r))
}

/// The coefficients of `(e^r - 1 - r) / r²` for `|r| <= ln 2 / 2`.
const REMAINDER: [f32; 5] = [0.5, 0.166_665_18, 0.041_666_202, 0.008_369_025, 0.001_395_072_4];

/// Those of `(e^2r - 1 - 2r) / 2r²`.
const REMAINDER_OF_TWICE: [f32; 5] = {
    let [a, b, c, d, e] = REMAINDER;
    [2.0 * a, 4.0 * b, 8.0 * c, 16.0 * d, 32.0 * e]
};

/// `e^x`, within 2 units in the last place; 0 below 1.7e-38.
#[inline(always)]
pub fn exp<V: Vector>(x: V) -> V {
    exp_of_sum(x, V::zero())
}

/// `e^(x + correction)`, where the correction is small beside 1.
#[inline(always)]
pub fn exp_of_sum<V: Vector>(x: V, correction: V) -> V {
    let (half_scale, r) = reduce_by_ln_2(clamp(x, -87.6, 89.0));
    let r = r.add(correction);
    let power = r.mul(r).mul_add(polynomial(r, REMAINDER), r).add(V::splat(1.0));
    let half = power.mul(half_scale);
    half.add(half)
}

/// `e^x - 1`, relatively accurate near 0, within 3 units in the last place.
#[inline(always)]
pub fn exp_m1<V: Vector>(x: V) -> V {
    let (half_scale, r) = reduce_by_ln_2(V::splat(-18.0).max(V::splat(89.0).min(x)));
    let power = r.mul(r).mul_add(polynomial(r, REMAINDER), r);
    let half = half_scale.mul_add(power, half_scale.sub(V::splat(0.5)));
    half.add(half)
}

/// `1 / (1 + e^-x)`, relatively accurate in the far negative tail too, within 3 units in the last
/// place.
#[inline(always)]
pub fn sigmoid<V: Vector>(x: V) -> V {
    let e = exp(x.abs().neg());
    let one = V::splat(1.0);
    V::select(x.lt(V::zero()), e, one).quotient(e.add(one))
}

/// The hyperbolic tangent, relatively accurate near 0, within 3 units in the last place:
/// `-m / (m + 1)` with `m = (e^(-2|x|) - 1) / 2`.
#[inline(always)]
pub fn tanh<V: Vector>(x: V) -> V {
    let sign = V::splat(-0.0);
    let x_down = V::splat(-9.0).max(x.or(sign));
    // Half of `-2|x| = n ln 2 + r`. One part of `ln 2` will do: its error counts `n` times in `r`,
    // but `2^n` times in the result.
    let (n, scale) = nearest_power(x_down, 2.0 * LOG2_E, 0.0);
    let r = n.mul_add(V::splat(-0.5 * LN_2), x_down);
    let half_power = r.mul(r).mul_add(polynomial(r, REMAINDER_OF_TWICE), r);
    let half = V::splat(0.5);
    let m = scale.mul_add(half_power, scale.mul_add(half, half.neg()));
    let magnitude = m.quotient(m.add(V::splat(1.0)));
    // `magnitude` is not positive: give it the sign of `x`.
    magnitude.abs().or(x.and(sign))
}
