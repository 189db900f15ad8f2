//! Sine and cosine.

#![allow(clippy::excessive_precision)]

use std::f32::consts::FRAC_2_PI;

use super::super::vector::Vector;
use super::polynomial;

/// `π/2` in three parts; multiples of the first two up to [`LIMIT`] are exact.
const QUARTER_TURN: [f32; 3] = [1.570_312_5, 4.837_512_97e-4, 7.549_790_126e-8];
/// Larger arguments are left to the standard library, which reduces them with more digits.
const LIMIT: f32 = 8192.0;

/// The sine, within 2 units in the last place, or 1e-9 near its zeros.
#[inline(always)]
pub fn sin<V: Vector>(x: V) -> V {
    by_quarter(x, 0.0, f32::sin)
}

/// The cosine, within 2 units in the last place, or 1e-9 near its zeros.
#[inline(always)]
pub fn cos<V: Vector>(x: V) -> V {
    by_quarter(x, 1.0, f32::cos)
}

/// The sine of `x` plus `offset` quarter turns; `large` where `x` is beyond the limit.
#[inline(always)]
fn by_quarter<V: Vector>(x: V, offset: f32, large: fn(f32) -> f32) -> V {
    let one = V::splat(1.0);
    let n = x.mul(V::splat(FRAC_2_PI)).round();
    let r = n.mul_add(V::splat(-QUARTER_TURN[0]), x);
    let r = n.mul_add(V::splat(-QUARTER_TURN[1]), r);
    let r = n.mul_add(V::splat(-QUARTER_TURN[2]), r);
    let square = r.mul(r);
    // (sin √u / √u - 1) / u and (cos √u - 1 + u/2) / u² for 0 <= u <= (π/4)²
    let sine =
        polynomial(square, [-0.166_666_67, 0.008_333_329, -0.000_198_393_27, 2.718_237_3e-6]);
    let sine = square.mul(r).mul_add(sine, r);
    let cosine = polynomial(square, [0.041_666_646, -0.001_388_736_2, 2.443_772_8e-5]);
    let cosine = square.mul(square).mul_add(cosine, square.mul_add(V::splat(-0.5), one));
    // The quarter, 0 to 3: odd ones take the cosine, the last two change the sign.
    let quarter = n.add(V::splat(offset));
    let quarter = quarter.sub(quarter.mul(V::splat(0.25)).floor().mul(V::splat(4.0)));
    let second_half = V::splat(1.5).lt(quarter);
    let odd = quarter.sub(second_half.and(V::splat(2.0))).eq(one);
    let result = V::select(odd, cosine, sine).xor(second_half.and(V::splat(-0.0)));
    let within = x.abs().lt(V::splat(LIMIT));
    if V::select(within, V::zero(), one).sum() == 0.0 {
        return result;
    }
    // Some lanes are large, infinite or NaN.
    let (values, mut results) = (x.to_array(), result.to_array());
    let mut lane = 0;
    while lane < V::LANES {
        if values[lane].abs() >= LIMIT || values[lane].is_nan() {
            results[lane] = large(values[lane]);
        }
        lane += 1;
    }
    // SAFETY: the array has room for the widest vector.
    unsafe { V::load(results.as_ptr()) }
}
