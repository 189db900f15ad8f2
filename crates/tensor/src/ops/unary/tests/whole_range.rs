//! Every function and its derivative against double precision over the whole range of `f32`:
//! infinities, zeros, and numbers of all sizes.

use glassbox_kernels::testing::on_each_isa;
use glassbox_kernels::testing::reference::Errors;

use super::super::TABLE;
use super::Check;
use crate::Gradients;
use crate::tensor::Tensor;

/// Units in the last place that values and derivatives may be off, and errors that do not count.
struct Bounds {
    value: (f64, f64),
    derivative: (f64, f64),
}

/// Results may be flushed to zero where an exponential in them is below the smallest normal
/// number.
const FLUSHED: f64 = 2e-38;

fn bounds(module: &str) -> Bounds {
    let usual = (4.0, FLUSHED);
    let (value, derivative) = match module {
        // Slopes that are a sum with, or a difference from, a number of the size of 1.
        "elu" | "exp_m1" | "selu" | "sigmoid" => (usual, (4.0, 1.2e-7)),
        "tanh" => (usual, (4.0, 3.6e-7)), // 1 - y², where y is nearly 1: twice its 3 units
        "hard_swish" => (usual, (4.0, 1.2e-7)),
        // The factor x magnifies what is flushed; slopes pass through zero.
        "gelu" | "mish" | "silu" => ((8.0, 100.0 * FLUSHED), (8.0, 2e-7)),
        // An exponent's rounding error counts as often as the exponent is large, up to 88.
        "gelu_tanh" => ((100.0, 100.0 * FLUSHED), (100.0, 2e-7)),
        "erf" => (usual, (90.0, FLUSHED)),
        "rsqrt" => (usual, (6.0, FLUSHED)),
        // The difference of close numbers, where the series ends.
        "tanhshrink" => ((80.0, FLUSHED), (6.0, FLUSHED)),
        _ => (usual, usual),
    };
    Bounds { value, derivative }
}

/// Zeros, infinities, the ends of the range, and every 65,537th bit pattern (a prime). Without
/// NaN, which has a test of its own, and denormals, which functions may take for 0.
fn arguments() -> Tensor {
    let ends = [0.0, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE, 1.0, 88.8, 1e20];
    let sample = (0..=u32::MAX / 65_537).map(|i| f32::from_bits(i * 65_537));
    let x: Vec<_> = ends.into_iter().flat_map(|x| [x, -x]).chain(sample).collect();
    let x: Vec<_> = x.into_iter().filter(|x| !x.is_nan() && !x.is_subnormal()).collect();
    let elements = x.len();
    Tensor::from_vec(x, [elements])
}

/// `f(x)`; at an infinity where the formula says nothing, what it comes to far out.
fn limit(module: &str, f: fn(f64) -> f64, x: f64) -> f64 {
    let y = f(x);
    let has_limit = !["sin", "cos"].contains(&module);
    if y.is_nan() && x.is_infinite() && has_limit { f(1e60_f64.copysign(x)) } else { y }
}

/// Values and derivatives.
fn run(check: &Check, x: &Tensor) -> [Tensor; 2] {
    let x = x.with_grad();
    let y = (check.run)(&x);
    let mut gradients = Gradients::default();
    y.backward_from(Tensor::ones(y.shape()), &mut gradients);
    [y.detach(), gradients.get(&x).unwrap().clone()]
}

#[test]
fn values_and_derivatives_hold_over_the_whole_range() {
    let x = arguments();
    let mut failures = Vec::new();
    for (module, checks) in TABLE {
        let bounds = bounds(module);
        for check in checks() {
            let results = on_each_isa(|| run(&check, &x));
            for ([y, dx], path) in results.into_iter().zip(1..) {
                let sides = [
                    ("", y, check.value, bounds.value),
                    ("'", dx, check.derivative, bounds.derivative),
                ];
                for (prime, got, want, (units, absolute)) in sides {
                    let mut errors = Errors::within(absolute);
                    for (&x, &got) in x.as_slice().iter().zip(got.as_slice()) {
                        errors.add(x, got, limit(module, want, f64::from(x)));
                    }
                    if errors.units() > units {
                        let name = check.name;
                        failures.push(format!(
                            "{module}: {name}{prime} (instruction set {path}): {errors}"
                        ));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// The slope of a function made of straight pieces is a constant, or one that a comparison picks,
/// which NaN fails; there the NaN goes on in the value. All others lead it on in the slope too.
#[test]
fn nan_reaches_the_derivative_of_what_is_curved() {
    const STRAIGHT: &[&str] = &[
        "affine",
        "celu",
        "clamp",
        "div_number",
        "elu",
        "floor",
        "hard_sigmoid",
        "hard_tanh",
        "hardshrink",
        "leaky_relu",
        "neg",
        "relu",
        "round",
        "selu",
        "sign",
        "softshrink",
        "threshold",
    ];
    let mut failures = Vec::new();
    for (module, checks) in TABLE {
        for check in checks() {
            let [_, dx] = run(&check, &Tensor::full([11], f32::NAN));
            let leads_on = dx.as_slice().iter().all(|dx| dx.is_nan());
            let straight = STRAIGHT.contains(module) || check.name == "zero"; // x^0
            if leads_on == straight {
                failures.push(format!("{module}: {}' of NaN is {}", check.name, dx.as_slice()[0]));
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
