//! What every function in the table must pass, beside the tests of all operations.

use super::TABLE;
use crate::ops::check::Sample;
use crate::tensor::Tensor;

mod whole_range;

/// One case of a function: the same in double precision, with its derivative.
pub(crate) struct Check {
    name: &'static str,
    run: fn(&Tensor) -> Tensor,
    value: fn(f64) -> f64,
    derivative: fn(f64) -> f64,
    low: f32,
    high: f32,
}

impl Check {
    /// `value` and `derivative` are compared from `low` to `high`, kinks included.
    pub(crate) fn new(
        name: &'static str,
        run: fn(&Tensor) -> Tensor,
        value: fn(f64) -> f64,
        derivative: fn(f64) -> f64,
        low: f32,
        high: f32,
    ) -> Self {
        Self { name, run, value, derivative, low, high }
    }

    /// Multiples of 1/64 (so that whole numbers and halves are hit exactly) and the bounds.
    fn grid(&self) -> Tensor {
        let whole = (self.low * 64.0).ceil() as i32..=(self.high * 64.0).floor() as i32;
        let mut x: Vec<f32> = whole.map(|i| i as f32 / 64.0).collect();
        x.extend([self.low, self.high]);
        let elements = x.len();
        Tensor::from_vec(x, [elements])
    }
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The part of the standard normal distribution below `x`.
pub(super) fn phi(x: f64) -> f64 {
    glassbox_kernels::testing::reference::normal_below(x)
}

/// Twice the argument of the hyperbolic tangent in the approximation of GELU.
pub(super) fn u2(x: f64) -> f64 {
    2.0 * (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)
}

/// Its derivative.
pub(super) fn du2(x: f64) -> f64 {
    2.0 * (2.0 / std::f64::consts::PI).sqrt() * (1.0 + 3.0 * 0.044_715 * x * x)
}

/// Finite differences, at odd multiples of 1/20: clear of kinks at multiples of 1/10.
pub(super) fn samples() -> Vec<Sample> {
    let checks = TABLE.iter().flat_map(|(_, checks)| checks());
    let sample = |check: Check| {
        let points = (0..33).map(|i| ((i * 7) % 33) as f32 / 10.0 - 1.65);
        let points: Vec<_> = points.filter(|x| (check.low..check.high).contains(x)).collect();
        let elements = points.len();
        assert!(elements > 3, "{} has no points to check", check.name);
        Sample::new(check.name, [[elements]], move |x| (check.run)(&x[0]))
            .with_inputs(vec![Tensor::from_vec(points, [elements])])
    };
    checks.map(sample).collect()
}

#[test]
fn values_and_derivatives_match_double_precision() {
    let close = |got: f32, want: f64| {
        let error = (f64::from(got) - want).abs();
        error <= 1e-6 * want.abs() + 4e-7 || got.is_nan() && want.is_nan()
    };
    for (module, checks) in TABLE {
        for check in checks() {
            let x = check.grid().with_grad();
            let y = (check.run)(&x);
            let mut gradients = crate::Gradients::default();
            y.backward_from(Tensor::ones(y.shape()), &mut gradients);
            let dx = gradients.get(&x).unwrap();
            for ((&x, &y), &dx) in x.as_slice().iter().zip(y.as_slice()).zip(dx.as_slice()) {
                let name = check.name;
                let want = (check.value)(f64::from(x));
                assert!(close(y, want), "{module}: {name}({x}) = {y}, want {want}");
                let want = (check.derivative)(f64::from(x));
                assert!(close(dx, want), "{module}: {name}'({x}) = {dx}, want {want}");
            }
        }
    }
}

#[test]
fn nan_reaches_the_result() {
    for (module, checks) in TABLE {
        for check in checks() {
            let y = (check.run)(&Tensor::full([11], f32::NAN));
            let exempt = check.name == "zero"; // x^0 is 1 for every x
            assert!(exempt || y.as_slice().iter().all(|y| y.is_nan()), "{module}: {}", check.name);
        }
    }
}

#[test]
fn every_function_is_in_the_table() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops/unary");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let listed = TABLE.iter().any(|(module, _)| *module == stem);
        assert!(listed || stem == "mod" || stem == "tests", "{stem} is not in the table");
    }
}

#[test]
fn the_backward_pass_leaves_shared_gradients_alone() {
    let x = Tensor::from_slice(&[-1.0, 2.0], [2]).with_grad();
    let output_grad = Tensor::from_slice(&[3.0, 4.0], [2]);
    let mut gradients = crate::Gradients::default();
    x.relu().backward_from(output_grad.clone(), &mut gradients);
    assert_eq!(gradients.get(&x).unwrap().as_slice(), [0.0, 4.0]);
    assert_eq!(output_grad.as_slice(), [3.0, 4.0]);
}
