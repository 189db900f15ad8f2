//! The exponential and what follows from it.

#![allow(clippy::excessive_precision)]

use std::f32::consts::LOG2_E;

use super::super::vector::{NO_FRACTION, Vector};
use super::{LN_2_HIGH, LN_2_LOW, clamp, polynomial};

/// `x = n ln 2 + r` with a whole `n` and `|r| <= ln 2 / 2`: `(n, r)`.
#[inline(always)]
fn reduce_by_ln_2<V: Vector>(x: V) -> (V, V) {
    let large = V::splat(NO_FRACTION);
    let n = x.mul_add(V::splat(LOG2_E), large).sub(large);
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
    let half = half_exp_m1(V::splat(89.0).min(x));
    half.add(half)
}

/// Half of [`exp_m1`] of `x` up to 89.
#[inline(always)]
fn half_exp_m1<V: Vector>(x: V) -> V {
    let (n, r) = reduce_by_ln_2(V::splat(-18.0).max(x));
    let power = r.mul(r).mul_add(exp_remainder(r), r);
    let half_scale = n.sub(V::splat(1.0)).exp2_of_whole();
    half_scale.mul_add(power, half_scale.sub(V::splat(0.5)))
}

/// `1 / (1 + e^-x)`, relatively accurate in the far negative tail too, within 3 units in the last
/// place.
#[inline(always)]
pub(crate) fn sigmoid<V: Vector>(x: V) -> V {
    let e = exp(x.abs().neg());
    let one = V::splat(1.0);
    V::select(x.lt(V::zero()), e, one).quotient(e.add(one))
}

/// The hyperbolic tangent, relatively accurate near 0, within 3 units in the last place:
/// `-m / (m + 1)` with `m = (e^(-2|x|) - 1) / 2`.
#[inline(always)]
pub(crate) fn tanh<V: Vector>(x: V) -> V {
    let sign = V::splat(-0.0);
    let m = half_exp_m1(x.abs().mul(V::splat(-2.0)));
    let magnitude = m.quotient(m.add(V::splat(1.0)));
    // `magnitude` is not positive: give it the sign of `x`.
    magnitude.abs().or(x.and(sign))
}
