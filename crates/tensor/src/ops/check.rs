//! What every operation in the table must pass.

use glassbox_kernels::Rng;

use super::TABLE;
use crate::gradients::Gradients;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::threads;

type Run = Box<dyn Fn(&[Tensor]) -> Tensor>;

/// One case of an operation: differentiable inputs and a call.
pub(crate) struct Sample {
    name: &'static str,
    inputs: Vec<Tensor>,
    run: Run,
    tolerance: f32,
}

impl Sample {
    /// A case with standard-normal inputs of the given shapes.
    pub(crate) fn new<S: Into<Shape>>(
        name: &'static str,
        shapes: impl IntoIterator<Item = S>,
        run: impl Fn(&[Tensor]) -> Tensor + 'static,
    ) -> Self {
        let mut rng =
            Rng::new(name.bytes().fold(17, |h: u64, b| h.wrapping_mul(31).wrapping_add(b.into())));
        let normal =
            |shape: S| Tensor::build(shape, |out| out.iter_mut().for_each(|x| *x = rng.normal()));
        let inputs = shapes.into_iter().map(normal).collect();
        Self { name, inputs, run: Box::new(run), tolerance: 2e-2 }
    }

    /// Maps every input value, to keep clear of kinks and poles.
    pub(crate) fn map(mut self, f: impl Fn(f32) -> f32) -> Self {
        for x in &mut self.inputs {
            x.make_mut().iter_mut().for_each(|x| *x = f(*x));
        }
        self
    }

    /// Replaces the inputs, where their values matter (no ties, in a range).
    pub(crate) fn with_inputs(mut self, inputs: Vec<Tensor>) -> Self {
        self.inputs = inputs;
        self
    }

    /// The output and, for a fixed random cotangent, the gradients of all inputs.
    fn evaluate(&self) -> (Tensor, Vec<Tensor>) {
        let leaves: Vec<_> = self.inputs.iter().map(Tensor::with_grad).collect();
        let output = (self.run)(&leaves);
        let mut gradients = Gradients::default();
        output.backward_from(cotangent(output.shape()), &mut gradients);
        let wanted = |x: &Tensor| gradients.get(x).cloned().unwrap_or(Tensor::zeros(x.shape()));
        (output.detach(), leaves.iter().map(wanted).collect())
    }

    /// `<output, cotangent>` in double precision.
    fn scalar(&self, inputs: &[Tensor]) -> f64 {
        let output = (self.run)(inputs);
        let weights = cotangent(output.shape());
        let products = output.as_slice().iter().zip(weights.as_slice());
        products.map(|(&y, &c)| f64::from(y) * f64::from(c)).sum()
    }
}

fn cotangent(shape: Shape) -> Tensor {
    let mut rng = Rng::new(99);
    Tensor::build(shape, |out| out.iter_mut().for_each(|x| *x = rng.range(-1.0, 1.0)))
}

fn each_sample(check: impl Fn(&str, &Sample)) {
    for (module, samples) in TABLE {
        let samples = samples();
        assert!(!samples.is_empty(), "{module} has no samples");
        for sample in &samples {
            check(&format!("{module}: {}", sample.name), sample);
        }
    }
}

/// Central differences `(f(x+h) - f(x-h)) / 2h` against the recorded backward pass.
#[test]
fn gradients_match_finite_differences() {
    each_sample(|name, sample| {
        let (_, gradients) = sample.evaluate();
        for (i, gradient) in gradients.iter().enumerate() {
            let scale = gradient.as_slice().iter().fold(1.0f32, |m, g| m.max(g.abs()));
            let count = gradient.elements();
            for element in (0..count).step_by(count.div_ceil(40).max(1)) {
                let step = 1e-2f32;
                let moved = |by: f32| {
                    let mut inputs: Vec<_> = sample.inputs.clone();
                    inputs[i].make_mut()[element] += by;
                    sample.scalar(&inputs)
                };
                let numeric = (moved(step) - moved(-step)) / f64::from(2.0 * step);
                let analytic = gradient.as_slice()[element];
                let error = (numeric - f64::from(analytic)).abs();
                assert!(
                    error <= f64::from(sample.tolerance * scale),
                    "{name}: input {i}, element {element}: {analytic}, by differences {numeric}"
                );
            }
        }
    });
}

/// Same bits with 1, 2, 3 and 8 threads, forward and backward.
#[test]
fn results_do_not_depend_on_threads() {
    let bits = |(output, gradients): (Tensor, Vec<Tensor>)| -> Vec<Vec<u32>> {
        let all = std::iter::once(&output).chain(&gradients);
        all.map(|t| t.as_slice().iter().map(|x| x.to_bits()).collect()).collect()
    };
    each_sample(|name, sample| {
        let expected = threads::with_count(1, || bits(sample.evaluate()));
        for count in [2, 3, 8] {
            let got = threads::with_count(count, || bits(sample.evaluate()));
            assert!(got == expected, "{name}: other bits with {count} threads");
        }
    });
}

/// A file in `ops/` that defines a record must stand in the table.
#[test]
fn every_record_is_in_the_table() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops");
    let mut records = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if stem == "mod" || !path.is_file() {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        if text.lines().any(|line| line.starts_with("impl Backward for")) {
            records += 1;
            assert!(TABLE.iter().any(|(module, _)| *module == stem), "{stem} is not in the table");
        }
    }
    assert!(records > 0 && records <= TABLE.len());
}

/// Every step of the graph moves a record of the largest kind a few times.
#[test]
fn records_are_small() {
    let size = size_of::<super::Record>();
    assert!(size <= 432, "a record has {size} bytes: save `Values` instead of tensors");
}
