//! Operations on inputs of very different sizes, against double precision: values and gradients of
//! every operation whose formula holds a difference, an exponential or a division. (Functions of
//! one value have `unary/tests/whole_range.rs`.)

mod cases;
mod dual;
mod references;

use dual::Dual;

use glassbox_kernels::Rng;

use crate::gradients::Gradients;
use crate::tensor::Tensor;

/// By what the inputs are multiplied.
const SCALES: [f32; 4] = [1e-6, 1.0, 1e6, 1e8];

/// How near a result must be.
#[derive(Clone, Copy)]
enum Near {
    /// Every value for itself, up to one millionth of it and this error.
    Each(f64),
    /// Up to two millionths of the largest value: what is summed up is as large.
    Largest,
}

/// An operation and its definition.
struct Case {
    name: &'static str,
    shapes: &'static [&'static [usize]],
    run: fn(&[Tensor]) -> Tensor,
    definition: fn(&[Vec<Dual>]) -> Vec<Dual>,
    near: Near,
}

fn inputs(case: &Case, scale: f32) -> Vec<Tensor> {
    let mut rng = Rng::new(case.name.len() as u64);
    let normal = |shape: &&[usize]| {
        Tensor::build(*shape, |out| out.iter_mut().for_each(|x| *x = scale * rng.normal()))
    };
    case.shapes.iter().map(normal).collect()
}

/// The definition's values and its derivatives by every input, for this cotangent.
fn defined(case: &Case, inputs: &[Tensor], cotangent: &[f32]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let exact = |x: &Tensor| x.as_slice().iter().map(|&x| Dual::new(x.into())).collect();
    let mut x: Vec<Vec<Dual>> = inputs.iter().map(exact).collect();
    let values = (case.definition)(&x).iter().map(|y| y.value).collect();
    let mut gradients = Vec::new();
    for input in 0..x.len() {
        let mut gradient = Vec::new();
        for element in 0..x[input].len() {
            x[input][element].slope = 1.0;
            let slopes = (case.definition)(&x).into_iter().map(|y| y.slope);
            gradient.push(slopes.zip(cotangent).map(|(y, &c)| y * f64::from(c)).sum());
            x[input][element].slope = 0.0;
        }
        gradients.push(gradient);
    }
    (values, gradients)
}

/// The worst error that is too large, in words.
fn too_far(near: Near, got: &[f32], want: &[f64]) -> Option<String> {
    assert_eq!(got.len(), want.len());
    let largest = want.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    for (i, (&got, &want)) in got.iter().zip(want).enumerate() {
        // Single precision flushes what is smaller to 0.
        let allowed = 2e-38
            + match near {
                Near::Each(error) => 1e-6 * want.abs() + error,
                Near::Largest => 2e-6 * largest,
            };
        let finite = want.abs() < f64::from(f32::MAX);
        let error = (f64::from(got) - want).abs();
        if finite && (error.is_nan() || error > allowed) {
            return Some(format!("[{i}] {got:e}, not {want:e}"));
        }
    }
    None
}

#[test]
fn values_and_gradients_hold_for_inputs_of_any_size() {
    let mut failures = Vec::new();
    for case in cases::all() {
        for scale in SCALES {
            let leaves: Vec<_> = inputs(&case, scale).iter().map(Tensor::with_grad).collect();
            let y = (case.run)(&leaves);
            let mut rng = Rng::new(99);
            let cotangent = Tensor::build(y.shape(), |out| {
                out.iter_mut().for_each(|x| *x = rng.range(-1.0, 1.0));
            });
            let (values, gradients) = defined(&case, &leaves, cotangent.as_slice());
            let mut got = Gradients::default();
            y.backward_from(cotangent, &mut got);
            let name = case.name;
            if let Some(failure) = too_far(case.near, y.as_slice(), &values) {
                failures.push(format!("{name} × {scale:e}: {failure}"));
            }
            for (index, (leaf, want)) in leaves.iter().zip(&gradients).enumerate() {
                let gradient = got.get(leaf).cloned().unwrap_or(Tensor::zeros(leaf.shape()));
                if let Some(failure) = too_far(case.near, gradient.as_slice(), want) {
                    failures.push(format!("{name} × {scale:e}, gradient {index}: {failure}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
