//! Elementary functions over vector lanes.
//!
//! The method throughout: reduce the argument by an identity, evaluate a polynomial that is
//! minimax on the small remaining interval (fitted for this file by Lawson's iteration, the
//! coefficients rounded to `f32`), and undo the reduction. Muller, *Elementary Functions* (2016),
//! treats all of it. Constants are split in parts (Cody and Waite 1980) so that the reductions are
//! exact without a fused multiply-add too.
//!
//! NaN propagates everywhere; results below the smallest normal number may be flushed to zero.

#![allow(clippy::excessive_precision)]

use std::f32::consts::LOG2_E;

use super::vector::Vector;

/// `ln 2` in two parts; the first has so few bits that its multiples are exact.
const LN_2_HIGH: f32 = 0.693_359_375;
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

/// `x = n ln 2 + r` with a whole `n` and `|r| <= ln 2 / 2`: `(n, r)`.
#[inline(always)]
fn reduce_by_ln_2<V: Vector>(x: V) -> (V, V) {
    let n = x.mul(V::splat(LOG2_E)).round();
    let r = n.mul_add(V::splat(-LN_2_HIGH), x);
    (n, n.mul_add(V::splat(-LN_2_LOW), r))
}

/// `(e^r - 1 - r) / r²` for `|r| <= ln 2 / 2`.
#[inline(always)]
fn exp_remainder<V: Vector>(r: V) -> V {
    polynomial(r, [0.5, 0.166_665_18, 0.041_666_202, 0.008_369_025, 0.001_395_072_4])
}

/// `e^x`, within 2 units in the last place; 0 below 1.7e-38.
#[inline(always)]
pub(crate) fn exp<V: Vector>(x: V) -> V {
    exp_of_sum(x, V::zero())
}

/// `e^(x + correction)`, where the correction is small beside 1.
#[inline(always)]
pub(crate) fn exp_of_sum<V: Vector>(x: V, correction: V) -> V {
    let (n, r) = reduce_by_ln_2(clamp(x, -87.6, 89.0));
    let r = r.add(correction);
    let power = r.mul(r).mul_add(exp_remainder(r), r).add(V::splat(1.0));
    // Half of 2^n, so that the largest results (n = 128) do not overflow too early.
    let half = power.mul(n.sub(V::splat(1.0)).exp2_of_whole());
    half.add(half)
}

/// `e^x - 1`, relatively accurate near 0, within 3 units in the last place.
#[inline(always)]
pub(crate) fn exp_m1<V: Vector>(x: V) -> V {
    let (n, r) = reduce_by_ln_2(clamp(x, -18.0, 89.0));
    let power = r.mul(r).mul_add(exp_remainder(r), r);
    let half_scale = n.sub(V::splat(1.0)).exp2_of_whole();
    let half = half_scale.mul_add(power, half_scale.sub(V::splat(0.5)));
    half.add(half)
}

/// `1 / (1 + e^-x)`, relatively accurate in the far negative tail too, within 3 units in the last
/// place.
#[inline(always)]
pub(crate) fn sigmoid<V: Vector>(x: V) -> V {
    let e = exp(x.abs().neg());
    let one = V::splat(1.0);
    V::select(x.lt(V::zero()), e, one).div(e.add(one))
}

/// The hyperbolic tangent, relatively accurate near 0, within 3 units in the last place:
/// `-m / (m + 2)` with `m = e^(-2|x|) - 1`.
#[inline(always)]
pub(crate) fn tanh<V: Vector>(x: V) -> V {
    let sign = V::splat(-0.0);
    let m = exp_m1(x.abs().mul(V::splat(-2.0)));
    let magnitude = m.div(m.add(V::splat(2.0)));
    // `magnitude` is not positive: give it the sign of `x`.
    magnitude.abs().or(x.and(sign))
}

/// The natural logarithm, within 2 units in the last place; `-inf` at 0, NaN below. Numbers
/// smaller than the smallest normal one count as 0.
#[inline(always)]
pub(crate) fn ln<V: Vector>(x: V) -> V {
    let (exponent, fraction) = x.split_exponent();
    let y = ln_of_parts(exponent, fraction, V::zero());
    ln_limits(x, y)
}

/// `ln(1 + x)`, relatively accurate near 0, within 3 units in the last place.
#[inline(always)]
pub(crate) fn ln_1p<V: Vector>(x: V) -> V {
    let one = V::splat(1.0);
    let sum = x.add(one);
    // What the sum lost to rounding, found exactly, is small beside the fraction.
    let lost = V::select(x.lt(one), x.sub(sum.sub(one)), one.sub(sum.sub(x)));
    let (exponent, fraction) = sum.split_exponent();
    let scale = clamp(exponent.neg(), -126.0, 126.0).exp2_of_whole();
    let y = ln_of_parts(exponent, fraction, lost.mul(scale));
    let y = ln_limits(sum, y);
    V::select(x.eq(V::zero()), x, y)
}

/// `ln((fraction + correction) 2^exponent)`, where the correction is small.
#[inline(always)]
fn ln_of_parts<V: Vector>(exponent: V, fraction: V, correction: V) -> V {
    let one = V::splat(1.0);
    let large = V::splat(std::f32::consts::SQRT_2).lt(fraction);
    let halve = V::select(large, V::splat(0.5), one);
    let exponent = exponent.add(large.and(one));
    let f = fraction.mul(halve).sub(one).add(correction.mul(halve));
    // (ln(1 + f) - f + f²/2) / f³ for √½ - 1 <= f <= √2 - 1
    let remainder = polynomial(
        f,
        [
            0.333_333_3,
            -0.250_008_26,
            0.200_012_36,
            -0.166_231_44,
            0.142_013_73,
            -0.131_620_17,
            0.127_654_02,
            -0.076_343_21,
        ],
    );
    let square = f.mul(f);
    let small = square.mul(f).mul_add(remainder, exponent.mul(V::splat(LN_2_LOW)));
    let small = square.mul_add(V::splat(-0.5), small);
    exponent.mul_add(V::splat(LN_2_HIGH), f.add(small))
}

/// `y` where `x` is positive and finite; the logarithm's limits elsewhere.
#[inline(always)]
fn ln_limits<V: Vector>(x: V, y: V) -> V {
    let infinity = V::splat(f32::INFINITY);
    let y = V::select(x.lt(infinity), y, x); // infinity and NaN
    let y = V::select(x.lt(V::splat(f32::MIN_POSITIVE)), infinity.neg(), y);
    V::select(x.lt(V::zero()), V::splat(f32::NAN), y)
}

/// `base^exponent` lane by lane, correct in all the cases that IEEE 754 lists.
#[inline(always)]
pub(crate) fn pow<V: Vector>(base: V, exponent: V) -> V {
    let (mut base, exponent) = (base.to_array(), exponent.to_array());
    let mut lane = 0;
    while lane < V::LANES {
        base[lane] = base[lane].powf(exponent[lane]);
        lane += 1;
    }
    // SAFETY: the array has room for the widest vector.
    unsafe { V::load(base.as_ptr()) }
}

/// The sine, lane by lane.
#[inline(always)]
pub(crate) fn sin<V: Vector>(x: V) -> V {
    by_lane(x, f32::sin)
}

/// The cosine, lane by lane.
#[inline(always)]
pub(crate) fn cos<V: Vector>(x: V) -> V {
    by_lane(x, f32::cos)
}

#[inline(always)]
fn by_lane<V: Vector>(x: V, f: fn(f32) -> f32) -> V {
    let mut x = x.to_array();
    let mut lane = 0;
    while lane < V::LANES {
        x[lane] = f(x[lane]);
        lane += 1;
    }
    // SAFETY: the array has room for the widest vector.
    unsafe { V::load(x.as_ptr()) }
}

#[cfg(test)]
mod tests;
