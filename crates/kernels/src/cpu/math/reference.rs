//! For tests: functions in double precision that the standard library lacks, and how far results
//! are from them.

use std::f64::consts::{FRAC_2_SQRT_PI, PI, SQRT_2, TAU};

/// The error function: its power series, or the continued fraction of its complement (Abramowitz
/// and Stegun 7.1.6 and 7.1.14).
pub fn erf(x: f64) -> f64 {
    if x.abs() >= 3.0 {
        return (1.0 - erfc(x.abs())).copysign(x);
    }
    let (mut sum, mut term, mut n) = (0.0, x, 0);
    while term.abs() > 1e-18 * x.abs() {
        sum += term;
        term *= 2.0 * x * x / f64::from(2 * n + 3);
        n += 1;
    }
    (sum + 0.0 * x) * FRAC_2_SQRT_PI * (-x * x).exp()
}

/// `1 - erf(x)`, where `x >= 3` without the difference, which would lose its digits.
fn erfc(x: f64) -> f64 {
    if x < 3.0 {
        return 1.0 - erf(x);
    }
    if x > 27.3 {
        return 0.0; // smaller than the smallest double
    }
    let fraction = (1..100).rev().fold(x, |f, n| x + f64::from(n) / 2.0 / f);
    (-x * x).exp() / PI.sqrt() / fraction
}

/// The part of the standard normal distribution below `x`.
pub fn normal_below(x: f64) -> f64 {
    if x < 0.0 { 0.5 * erfc(-x / SQRT_2) } else { 1.0 - 0.5 * erfc(x / SQRT_2) }
}

/// The density of the standard normal distribution.
pub fn normal_density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / TAU.sqrt()
}

/// The largest error of a function among the arguments it was tried at.
pub struct Errors {
    absolute: f64,
    units: f64,
    argument: f32,
    result: f32,
    want: f64,
}

impl Errors {
    /// Errors up to `absolute`, or the smallest normal number, will not count.
    pub fn within(absolute: f64) -> Self {
        let absolute = absolute.max(f64::from(f32::MIN_POSITIVE));
        Self { absolute, units: 0.0, argument: 0.0, result: 0.0, want: 0.0 }
    }

    /// `result` was given for `argument` where `want` is true.
    pub fn add(&mut self, argument: f32, result: f32, want: f64) {
        let units = self.measure(result, want);
        if units > self.units {
            *self = Self { units, argument, result, want, ..*self };
        }
    }

    /// Infinite where NaN or infinity is missing or too many.
    fn measure(&self, result: f32, want: f64) -> f64 {
        let rounded = want as f32;
        let same = rounded == result || rounded.is_nan() && result.is_nan();
        if same && !result.is_finite() {
            return 0.0;
        }
        let error = (f64::from(result) - want).abs();
        if error <= self.absolute {
            return 0.0;
        }
        // A unit is the distance from `want` to the next `f32`.
        let magnitude = (want.abs() as f32).clamp(f32::MIN_POSITIVE, f32::MAX);
        let binade = f32::from_bits(magnitude.to_bits() & 0x7f80_0000);
        let units = error / (f64::from(binade) * f64::from(f32::EPSILON));
        if units.is_nan() { f64::INFINITY } else { units }
    }

    /// The largest error in units in the last place.
    pub fn units(&self) -> f64 {
        self.units
    }

    /// The larger of both.
    pub fn join(self, other: Self) -> Self {
        if other.units > self.units { other } else { self }
    }
}

impl std::fmt::Display for Errors {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { units, argument, result, want, .. } = self;
        write!(
            f,
            "{units:.3} units in the last place at {argument:e}: {result:e} instead of {want:e}"
        )
    }
}
