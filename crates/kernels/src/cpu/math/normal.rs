//! The normal distribution and the error function.

#![allow(clippy::excessive_precision)]

use std::f32::consts::SQRT_2;

use super::super::vector::Vector;
use super::{exp_of_sum, polynomial, upper_half};

/// `1 / √(2π)`.
const DENSITY_AT_ZERO: f32 = 0.398_942_28;

/// `(Φ(x), φ(x))`: the part of the standard normal distribution below `x`, relatively accurate in
/// the far negative tail too, within 8 units in the last place, and its density.
#[inline(always)]
pub fn normal_distribution<V: Vector>(x: V) -> (V, V) {
    let one = V::splat(1.0);
    // Beyond 20 both tails are zero; a NaN passes.
    let a = V::splat(20.0).min(x.abs());
    let (tail, gauss) = tail(a);
    let below = V::select(x.lt(V::zero()), tail, one.sub(tail));
    (below, gauss.mul(V::splat(DENSITY_AT_ZERO)))
}

/// `(Φ(-a), e^(-a²/2))` for `0 <= a <= 20`. The quotient of the two, times `1 + 0.3 a`, is a
/// polynomial in `1 / (1 + 0.3 a)` (the kind of fit in Abramowitz and Stegun 7.1.26).
#[inline(always)]
fn tail<V: Vector>(a: V) -> (V, V) {
    // a² in two parts, since its rounding error would be magnified by its size.
    let upper = upper_half(a);
    let lower = a.sub(upper).mul(a.add(upper));
    let half = V::splat(-0.5);
    let gauss = exp_of_sum(upper.mul(upper).mul(half), lower.mul(half));
    let t = V::splat(1.0).div(a.mul_add(V::splat(0.3), V::splat(1.0)));
    let quotient = polynomial(
        t,
        [
            0.119_686_514,
            0.119_575_09,
            0.110_209_63,
            0.078_503_8,
            0.095_842_85,
            -0.078_865_71,
            0.191_143_1,
            -0.227_752_16,
            0.112_246_804,
            -0.020_589_925,
        ],
    );
    (gauss.mul(t.mul(quotient)), gauss)
}

/// The error function, relatively accurate near 0, within 3 units in the last place.
#[inline(always)]
pub fn erf<V: Vector>(x: V) -> V {
    let one = V::splat(1.0);
    let magnitude = x.abs();
    let square = x.mul(x);
    // erf(√u) / √u for 0 <= u <= 1
    let near = polynomial(
        square,
        [
            std::f32::consts::FRAC_2_SQRT_PI,
            -0.376_126_26,
            0.112_835_854,
            -0.026_853_811,
            0.005_188_327_7,
            -0.000_801_019_25,
            7.853_858e-5,
        ],
    );
    let (tail, _) = tail(V::splat(20.0).min(magnitude.mul(V::splat(SQRT_2))));
    let far = tail.mul_add(V::splat(-2.0), one).or(x.and(V::splat(-0.0)));
    V::select(magnitude.le(one), near.mul(x), far)
}
