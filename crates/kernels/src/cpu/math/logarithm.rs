//! The natural logarithm and what follows from it.

#![allow(clippy::excessive_precision)]

use super::super::vector::Vector;
use super::{LN_2_HIGH, LN_2_LOW, clamp, exp, polynomial, relu};

/// The natural logarithm, within 2 units in the last place; `-inf` at 0, NaN below. Numbers
/// smaller than the smallest normal one count as 0.
#[inline(always)]
pub fn ln<V: Vector>(x: V) -> V {
    let (exponent, fraction) = x.split_exponent();
    let y = ln_of_parts(exponent, fraction, V::zero());
    ln_limits(x, y)
}

/// `ln(1 + x)`, relatively accurate near 0, within 3 units in the last place.
#[inline(always)]
pub fn ln_1p<V: Vector>(x: V) -> V {
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

/// `ln(1 + e^x)`, relatively accurate in the negative tail, within 4 units in the last place.
#[inline(always)]
pub fn softplus<V: Vector>(x: V) -> V {
    relu(x).add(ln_1p(exp(x.abs().neg())))
}
