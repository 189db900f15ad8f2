//! Every function against double precision, over the whole range of `f32`: a sample of all bit
//! patterns on the vectors of each instruction set, and all of them, on the best, in tests that are
//! left out unless asked for:
//!
//! `cargo test --release -p glassbox-tensor --lib math -- --ignored --nocapture --test-threads 1`
//!
//! With `STEP=7` in the environment each seventh, in a seventh of the time. The table in the
//! parent's documentation holds what they print.

use super::super::isa::{Kernel, dispatch, on_each_isa};
use super::super::vector::Vector;
use super::reference::Errors;
use super::*;

/// A function of one vector, as a type, so that it is compiled for each instruction set.
trait Function: Copy + Send + 'static {
    fn at<V: Vector>(x: V) -> V;
}

/// Arguments that are evaluated together; a multiple of every vector's lanes.
const BLOCK: usize = 1024;

struct Evaluate<'a, F>(F, &'a [f32; BLOCK], &'a mut [f32; BLOCK]);

impl<F: Function> Kernel for Evaluate<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<V: Vector>(self) {
        let mut start = 0;
        while start < BLOCK {
            // SAFETY: `LANES` divides the block, so as many values follow `start` in both.
            unsafe {
                F::at(V::load(self.1.as_ptr().add(start))).store(self.2.as_mut_ptr().add(start));
            }
            start += V::LANES;
        }
    }
}

/// One function, what it should be, and how far it may be from that.
#[derive(Clone, Copy)]
struct Check<F> {
    name: &'static str,
    function: F,
    want: fn(f64) -> f64,
    units: f64,
    absolute: f64,
}

impl<F: Function> Check<F> {
    fn add(&self, x: &[f32; BLOCK], errors: &mut Errors) {
        let mut y = [0.0; BLOCK];
        dispatch(Evaluate(self.function, x, &mut y));
        for (&x, &y) in x.iter().zip(&y) {
            errors.add(x, y, (self.want)(f64::from(x)));
        }
    }

    /// The errors at every `step`-th bit pattern; of the blocks only each `parts`-th from `part`.
    fn sweep(&self, step: usize, (part, parts): (usize, usize)) -> Errors {
        let mut errors = Errors::within(self.absolute);
        let blocks = (1_usize << 32).div_ceil(step * BLOCK);
        for block in (part..blocks).step_by(parts) {
            let pattern = |k: usize| ((block * BLOCK + k) * step) as u32;
            let x = std::array::from_fn(|k| f32::from_bits(pattern(k)));
            self.add(&x, &mut errors);
        }
        errors
    }

    /// NaN, infinities, zeros and every 4099th bit pattern (a prime: mantissas and exponents of
    /// all kinds), on all kinds of vectors.
    fn sampled(&self) {
        let mut x = [1.0; BLOCK];
        let special = [0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 88.72283];
        x[..special.len()].copy_from_slice(&special);
        on_each_isa(|| {
            let mut errors = self.sweep(4099, (0, 1));
            self.add(&x, &mut errors);
            self.judge(&errors);
        });
    }

    /// All bit patterns, or each `STEP`-th, on two threads.
    fn everywhere(&self) {
        let step = std::env::var("STEP").map_or(1, |step| step.parse().expect("a number"));
        let check = *self;
        let other = std::thread::spawn(move || check.sweep(step, (1, 2)));
        let errors = self.sweep(step, (0, 2)).join(other.join().unwrap());
        println!("{}: {errors}", self.name);
        self.judge(&errors);
    }

    fn judge(&self, errors: &Errors) {
        assert!(errors.units() <= self.units, "{}: {errors}", self.name);
    }
}

macro_rules! accurate {
    ($($name:ident: $function:expr, $want:expr, $units:expr, $absolute:expr;)*) => {
        $(mod $name {
            use super::*;

            #[derive(Clone, Copy)]
            struct Checked;

            impl Function for Checked {
                #[inline(always)]
                fn at<V: Vector>(x: V) -> V {
                    $function(x)
                }
            }

            const CHECK: Check<Checked> = Check {
                name: stringify!($name),
                function: Checked,
                want: $want,
                units: $units,
                absolute: $absolute,
            };

            #[test]
            #[cfg_attr(miri, ignore = "too much work for an interpreter")]
            fn sampled() {
                CHECK.sampled();
            }

            #[test]
            #[ignore = "all 2^32 arguments: up to some minutes, in release"]
            fn everywhere() {
                CHECK.everywhere();
            }
        })*
    };
}

/// Denormal arguments count as 0.
fn ln_without_denormals(x: f64) -> f64 {
    if x > 0.0 && x < f64::from(f32::MIN_POSITIVE) { f64::NEG_INFINITY } else { x.ln() }
}

#[inline(always)]
fn normal_below<V: Vector>(x: V) -> V {
    normal_distribution(x).0
}

#[inline(always)]
fn normal_density<V: Vector>(x: V) -> V {
    normal_distribution(x).1
}

#[inline(always)]
fn cube_by_pow<V: Vector>(x: V) -> V {
    pow(x, V::splat(3.0))
}

accurate! {
    exponential: exp, f64::exp, 2.0, 1.7e-38;
    exponential_m1: exp_m1, f64::exp_m1, 3.0, 0.0;
    logistic: sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 3.0, 1.7e-38;
    hyperbolic_tangent: tanh, f64::tanh, 3.0, 0.0;
    logarithm: ln, ln_without_denormals, 2.0, 0.0;
    logarithm_1p: ln_1p, f64::ln_1p, 3.0, 0.0;
    soft_plus: softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), 4.0, 1.7e-38;
    sine: sin, f64::sin, 2.0, 1e-9;
    cosine: cos, f64::cos, 2.0, 1e-9;
    error_function: erf, reference::erf, 3.0, 0.0;
    normal_cumulative: normal_below, reference::normal_below, 8.0, 1.7e-38;
    normal_bell: normal_density, reference::normal_density, 8.0, 1.7e-38;
    cube: cube_by_pow, |x| x.powi(3), 1.0, 0.0;
}
