//! Functions in double precision that the standard library lacks, for tests.

/// The error function: its power series, or the continued fraction of its complement (Abramowitz
/// and Stegun 7.1.6 and 7.1.14).
pub(crate) fn erf(x: f64) -> f64 {
    if x.abs() < 3.0 {
        let (mut sum, mut term) = (0.0, x);
        for n in 0..200 {
            sum += term;
            term *= 2.0 * x * x / (2 * n + 3) as f64;
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp()
    } else {
        (1.0 - erfc(x.abs())).copysign(x)
    }
}

/// `1 - erf(x)` for `x >= 3`, where the difference would lose its digits.
fn erfc(x: f64) -> f64 {
    if x < 3.0 {
        return 1.0 - erf(x);
    }
    let fraction = (1..200).rev().fold(x, |f, n| x + f64::from(n) / 2.0 / f);
    (-x * x).exp() / std::f64::consts::PI.sqrt() / fraction
}

/// The part of the standard normal distribution below `x`.
pub(crate) fn normal_below(x: f64) -> f64 {
    if x < 0.0 {
        0.5 * erfc(-x / std::f64::consts::SQRT_2)
    } else {
        1.0 - 0.5 * erfc(x / std::f64::consts::SQRT_2)
    }
}
