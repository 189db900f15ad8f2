//! Elementary functions over vector lanes.
//!
//! The method throughout: reduce the argument by an identity, evaluate a polynomial that is
//! minimax on the small remaining interval (fitted for this file by Lawson's iteration, the
//! coefficients rounded to `f32`), and undo the reduction. Muller, *Elementary Functions* (2016),
//! treats all of it. Constants are split in parts (Cody and Waite 1980) so that the reductions are
//! exact without a fused multiply-add too.
//!
//! NaN propagates everywhere; results below the smallest normal number may be flushed to zero.
//!
//! Largest errors in units in the last place on AVX2, and what the tests allow on every instruction
//! set. The first four rows saw all 2³² arguments, the others each seventh:
//!
//! | function | error | at | allowed | at the ends |
//! |---|---|---|---|---|
//! | `exp` | 1.04 | -5.86 | 2 | 0 below -87.3, infinite from 88.73 |
//! | `exp_m1` | 1.59 | 0.380 | 3 | -1, infinite |
//! | `sigmoid` | 2.40 | -4.16 | 3 | 0 below -87.3, 1 |
//! | `tanh` | 2.50 | 4.51 | 3 | -1, 1; the sign of a zero stays |
//! | `ln` | 0.85 | 1.27 | 2 | NaN below 0, -∞ at 0 and at denormals, infinite |
//! | `ln_1p` | 1.44 | 0.415 | 3 | NaN below -1, -∞ at -1, infinite |
//! | `softplus` | 1.68 | -0.877 | 4 | 0, infinite |
//! | `sin`, `cos` | 1.56, 1.55 | 923, -3915 | 2, or 1e-9 near zeros | NaN at infinities |
//! | `erf` | 2.45 | -0.477 | 3 | -1, 1 |
//! | `normal_distribution`, below | 6.57 | -0.0243 | 8 | 0, 1 |
//! | `normal_distribution`, density | 2.12 | -1.93 | 8 | 0, 0 |
//! | `pow(x, 3)` | 0.50 | 2.9e-9 | 1 | as IEEE 754 lists |

use super::vector::Vector;

mod exponential;
mod logarithm;
mod normal;
mod power;
pub mod reference;
#[cfg(test)]
mod tests;
mod trigonometric;

pub use exponential::{exp, exp_m1, exp_of_sum, sigmoid, tanh};
pub use logarithm::{ln, ln_1p, softplus};
pub use normal::{erf, normal_distribution};
pub use power::pow;
pub use trigonometric::{cos, sin};

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
pub fn clamp<V: Vector>(x: V, low: f32, high: f32) -> V {
    V::splat(high).min(V::splat(low).max(x))
}

/// `x` where positive, else zero; NaN propagates.
#[inline(always)]
pub fn relu<V: Vector>(x: V) -> V {
    V::zero().max(x)
}

/// `x` with the lower half of its significant bits cleared, so that its square is exact.
#[inline(always)]
fn upper_half<V: Vector>(x: V) -> V {
    x.and(V::splat(f32::from_bits(0xffff_f000)))
}
