//! Every function against double precision, over the whole range of `f32`, on all vector types.

use super::super::isa::{Kernel, dispatch, on_each_isa};
use super::super::vector::Vector;
use super::*;

/// A function of one vector, as a type, so that it is compiled for each instruction set.
trait Function: Copy {
    fn at<V: Vector>(x: V) -> V;
}

struct Evaluate<F>(F, [f32; 16]);

impl<F: Function> Kernel for Evaluate<F> {
    type Output = [f32; 16];
    #[inline(always)]
    fn run<V: Vector>(self) -> [f32; 16] {
        // SAFETY: sixteen readable values, at least `LANES`.
        F::at(unsafe { V::load(self.1.as_ptr()) }).to_array()
    }
}

/// Eight results at a time, from the vectors of each instruction set.
fn evaluate<F: Function>(f: F, x: [f32; 8]) -> Vec<[f32; 16]> {
    let mut lanes = [0.0; 16];
    lanes[..8].copy_from_slice(&x);
    lanes[8..].copy_from_slice(&x);
    on_each_isa(|| dispatch(Evaluate(f, lanes)))
}

/// The distance from `want` to the next `f32`.
fn unit_in_last_place(want: f64) -> f64 {
    let magnitude = (want.abs() as f32).clamp(f32::MIN_POSITIVE, f32::MAX);
    f64::from(f32::from_bits(magnitude.to_bits() & 0x7f80_0000)) * f64::from(f32::EPSILON)
}

/// Compares a sample of all bit patterns: within `units` in the last place of the true value, or
/// within `absolute` of it; NaN and infinities exactly.
fn check<F: Function>(name: &str, f: F, want: fn(f64) -> f64, units: f64, absolute: f64) {
    const STEP: u32 = 4099; // prime: mantissas and exponents of all kinds
    let special = [0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.0, -1.0, 88.72283];
    let sweep = (0..u32::MAX / STEP / 8)
        .map(|block| std::array::from_fn(|lane| f32::from_bits((block * 8 + lane as u32) * STEP)));
    let mut worst = (0.0, 0.0);
    for x in std::iter::once(special).chain(sweep) {
        for got in evaluate(f, x) {
            for (&x, &got) in x.iter().zip(&got) {
                let want = want(f64::from(x));
                let (rounded, error) = (want as f32, (f64::from(got) - want).abs());
                if rounded.is_nan() || rounded.is_infinite() || got.is_nan() {
                    let near_overflow = rounded.is_infinite() && error < want.abs() * 1e-6;
                    let same = rounded.is_nan() && got.is_nan() || rounded == got;
                    assert!(same || near_overflow, "{name}({x}) = {got}, want {want}");
                } else if error > absolute.max(f64::from(f32::MIN_POSITIVE)) {
                    let error = error / unit_in_last_place(want);
                    worst = if error > worst.0 { (error, x) } else { worst };
                }
            }
        }
    }
    println!("{name}: {:.2} units in the last place, at {}", worst.0, worst.1);
    assert!(worst.0 <= units, "{name}: {} units in the last place at {}", worst.0, worst.1);
}

/// Denormal arguments count as 0.
fn ln_without_denormals(x: f64) -> f64 {
    if x > 0.0 && x < f64::from(f32::MIN_POSITIVE) { f64::NEG_INFINITY } else { x.ln() }
}

macro_rules! accurate {
    ($($name:ident: $function:path, $want:expr, $units:expr, $absolute:expr;)*) => {
        $(#[test]
        fn $name() {
            #[derive(Clone, Copy)]
            struct Checked;
            impl Function for Checked {
                #[inline(always)]
                fn at<V: Vector>(x: V) -> V {
                    $function(x)
                }
            }
            check(stringify!($name), Checked, $want, $units, $absolute);
        })*
    };
}

/// The first of the pair that [`super::normal_distribution`] gives.
#[inline(always)]
fn normal_below<V: Vector>(x: V) -> V {
    super::normal_distribution(x).0
}

accurate! {
    exp: super::exp, f64::exp, 2.0, 1.7e-38;
    exp_m1: super::exp_m1, f64::exp_m1, 3.0, 0.0;
    sigmoid: super::sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 3.0, 1.7e-38;
    tanh: super::tanh, f64::tanh, 3.0, 0.0;
    ln: super::ln, ln_without_denormals, 2.0, 0.0;
    ln_1p: super::ln_1p, f64::ln_1p, 3.0, 0.0;
    softplus: super::softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), 4.0, 1.7e-38;
    sin: super::sin, f64::sin, 2.0, 1e-7;
    cos: super::cos, f64::cos, 2.0, 1e-7;
    erf: super::erf, reference::erf, 3.0, 0.0;
    normal_distribution: normal_below, reference::normal_below, 8.0, 1.7e-38;
}

#[test]
fn powers_in_every_lane() {
    #[derive(Clone, Copy)]
    struct Cube;
    impl Function for Cube {
        #[inline(always)]
        fn at<V: Vector>(x: V) -> V {
            super::pow(x, V::splat(3.0))
        }
    }
    check("cube", Cube, |x| x.powi(3), 1.0, 0.0);
}
