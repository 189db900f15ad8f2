//! The cross-entropy of the softmax of logits `x` with a target distribution `t`:
//! `loss = -sum(q log softmax(x))` with `q = weight ((1 - s) t + s / classes)` and smoothing `s`
//! (Szegedy et al. 2016); `dx = sum(q) softmax(x) - q`, computed on the way forward.

use glassbox_kernels::cpu::cross_entropy::{CrossEntropyRows, Targets};

use super::loss::{LossGradients, Reduction};
use crate::tensor::{DType, Tensor};

/// Options of [`Tensor::cross_entropy`].
#[derive(Clone, Debug, Default)]
pub struct CrossEntropy {
    /// How much of each target is spread evenly over the classes, from 0 to 1.
    pub label_smoothing: f32,
    /// A factor for each class: `[classes]`.
    pub weights: Option<Tensor>,
    /// Items with this class count for nothing.
    pub ignore_index: Option<i32>,
    /// How the losses of the items are combined. [`Reduction::Mean`] divides by the sum of the
    /// weights of the targets that are not ignored, or for distributions by the number of items.
    pub reduction: Reduction,
}

impl Tensor {
    /// The cross-entropy of the softmax of these logits, `[batch…, classes]`, with `targets`:
    /// either classes (integers, `[batch…]`) or distributions (the shape of the logits).
    ///
    /// ```
    /// # use glassbox_tensor::{CrossEntropy, Tensor};
    /// let logits = Tensor::from_slice(&[2.0, 2.0, 0.0, 500.0], [2, 2]).with_grad();
    /// let targets = Tensor::from_i32(&[0, 1], [2]);
    /// let loss = logits.cross_entropy(&targets, &CrossEntropy::default());
    /// assert_eq!(loss.item(), 2f32.ln() / 2.0);
    /// assert_eq!(loss.backward().get(&logits).unwrap().to_vec(), [-0.25, 0.25, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// When the shapes do not fit, or a class is out of range and not ignored.
    #[track_caller]
    #[must_use]
    pub fn cross_entropy(&self, targets: &Self, options: &CrossEntropy) -> Self {
        let shape = self.shape();
        assert!(!shape.is_empty(), "cross_entropy: logits without a classes axis");
        let batch = crate::shape::Shape::new(&shape[..shape.len() - 1]);
        let classes = shape[shape.len() - 1];
        let weights = options.weights.as_ref().map_or(&[][..], Tensor::as_slice);
        assert!(
            weights.is_empty() || weights.len() == classes,
            "cross_entropy: {} class weights for {classes} classes",
            weights.len()
        );
        let by_class = targets.dtype() == DType::I32;
        let expected = if by_class { batch } else { shape };
        assert!(
            targets.shape() == expected,
            "cross_entropy: targets {} for logits {shape}, {}",
            targets.shape(),
            match by_class {
                true => format!("expected {expected}: one class an item"),
                false => format!(
                    "expected classes as integers (Tensor::from_i32) of shape {batch}, or \
                     distributions of shape {shape}"
                ),
            }
        );
        assert!(
            by_class || classes != 1,
            "cross_entropy: float targets for the logits {shape} of one class, whose loss is always 0"
        );
        let count = if by_class {
            total_weight(targets.as_i32(), classes, weights, options.ignore_index)
        } else {
            batch.elements() as f32
        };
        let factor = options.reduction.factor(count);
        let rows = CrossEntropyRows {
            logits: self.as_slice(),
            classes,
            targets: if by_class {
                Targets::Classes(targets.as_i32())
            } else {
                Targets::Probabilities(targets.as_slice())
            },
            ignored: options.ignore_index,
            weights,
            smoothing: options.label_smoothing,
            scale: factor,
        };
        let mut gradient = None;
        let losses = Self::build(batch, |losses| {
            if self.requires_grad() {
                gradient = Some(Self::build(shape, |gradient| rows.run(losses, gradient)));
            } else {
                rows.run(losses, &mut []);
            }
        });
        let target_gradient =
            targets.requires_grad().then(|| target_gradient(self, weights, options, factor));
        let gradients = [gradient, target_gradient];
        options
            .reduction
            .reduce(losses, factor)
            .recorded([self, targets], |_| LossGradients { gradients }.into())
    }
}

/// The sum of the weights of the targets that count.
#[track_caller]
pub(super) fn total_weight(
    targets: &[i32],
    classes: usize,
    weights: &[f32],
    ignored: Option<i32>,
) -> f32 {
    // Compared as numbers of 32 bits without a sign, of which a vector holds many.
    let limit = classes.min(1 << 31) as u32;
    let is_class = |target: i32| target.cast_unsigned() < limit;
    let (counted, all_fit) = match ignored {
        None => (targets.len(), targets.iter().fold(true, |fit, &target| fit & is_class(target))),
        Some(ignored) => targets.iter().fold((0, true), |(counted, all_fit), &target| {
            let counts = target != ignored;
            (counted + usize::from(counts), all_fit & (is_class(target) | !counts))
        }),
    };
    let counts = |target: &&i32| Some(**target) != ignored;
    if !all_fit {
        let target = targets.iter().filter(counts).find(|&&target| !is_class(target));
        let target = target.expect("one of them does not fit");
        panic!("target class {target} is out of range for {classes} classes");
    }
    if weights.is_empty() {
        return counted as f32;
    }
    let weight = |&target: &i32| f64::from(weights[target as usize]);
    targets.iter().filter(counts).map(weight).sum::<f64>() as f32
}

/// `dt = weight (1 - s) (-log softmax(x))`: the gradient of target distributions.
fn target_gradient(
    logits: &Tensor,
    weights: &[f32],
    options: &CrossEntropy,
    factor: f32,
) -> Tensor {
    let mut gradient = logits.detach().log_softmax(-1);
    let classes = gradient.dims()[gradient.rank() - 1];
    let factor = -factor * (1.0 - options.label_smoothing);
    for row in gradient.make_mut().chunks_mut(classes.max(1)) {
        for (class, gradient) in row.iter_mut().enumerate() {
            *gradient *= factor * weights.get(class).unwrap_or(&1.0);
        }
    }
    gradient
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    let classes = |count: usize, of: i32| {
        let targets: Vec<i32> = (0..count as i32).map(|i| (i * 7 + i / 3) % of).collect();
        Tensor::from_i32(&targets, [count])
    };
    let options = |reduction, smoothing: f32, weighted: usize, ignore_index| CrossEntropy {
        label_smoothing: smoothing,
        weights: (weighted > 0).then(|| {
            let weights = (0..weighted).map(|i| 0.5 + i as f32 * 0.3).collect();
            Tensor::from_vec(weights, [weighted])
        }),
        ignore_index,
        reduction,
    };
    let by_class = |name, rows: usize, of: usize, options: CrossEntropy| {
        let targets = classes(rows, of as i32);
        Sample::new(name, [[rows, of]], move |x| x[0].cross_entropy(&targets, &options))
    };
    let (mean, sum, none) = (Reduction::Mean, Reduction::Sum, Reduction::None);
    vec![
        by_class("two classes", 5, 2, options(mean, 0.0, 0, None)),
        by_class("many classes", 9, 37, options(mean, 0.0, 0, None)),
        by_class("smoothing, weights, ignored", 11, 6, options(mean, 0.2, 6, Some(1))),
        by_class("sum over many rows", 1100, 10, options(sum, 0.1, 10, None)),
        by_class("single losses", 7, 20, options(none, 0.3, 20, Some(3))),
        Sample::new("distributions", [[5, 4], [5, 4]], {
            let options = options(mean, 0.1, 4, None);
            move |x| x[0].cross_entropy(&x[1], &options)
        }),
        Sample::new("single losses of distributions", [[3, 5, 19], [3, 5, 19]], {
            let options = options(none, 0.0, 0, None);
            move |x| x[0].cross_entropy(&x[1], &options)
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In double precision, from the definition.
    fn reference(x: &[f32], q: &[f64]) -> (f64, Vec<f64>) {
        let largest = x.iter().fold(f64::NEG_INFINITY, |m, &x| m.max(f64::from(x)));
        let total: f64 = x.iter().map(|&x| (f64::from(x) - largest).exp()).sum();
        let log = |x: f32| f64::from(x) - largest - total.ln();
        let loss = x.iter().zip(q).map(|(&x, q)| -q * log(x)).sum();
        let mass: f64 = q.iter().sum();
        (loss, x.iter().zip(q).map(|(&x, q)| mass * log(x).exp() - q).collect())
    }

    #[test]
    fn logits_of_scale_fifty() {
        let mut rng = glassbox_kernels::Rng::new(4);
        for classes in [1, 2, 7, 8, 10, 16, 17, 100, 1000] {
            let x: Vec<f32> = (0..3 * classes).map(|_| rng.range(-50.0, 50.0)).collect();
            let targets: Vec<i32> = (0..3).map(|_| rng.below(classes) as i32).collect();
            let options = CrossEntropy { reduction: Reduction::None, ..CrossEntropy::default() };
            let logits = Tensor::from_slice(&x, [3, classes]).with_grad();
            let losses = logits.cross_entropy(&Tensor::from_i32(&targets, [3]), &options);
            let mut gradients = crate::Gradients::default();
            losses.backward_from(Tensor::ones([3]), &mut gradients);
            for (row, x) in x.chunks(classes).enumerate() {
                let mut q = vec![0.0; classes];
                q[targets[row] as usize] = 1.0;
                let (want, want_gradient) = reference(x, &q);
                let got = f64::from(losses.as_slice()[row]);
                assert!((got - want).abs() <= 3e-7 * (want.abs() + 1.0), "{got}, not {want}");
                let got = &gradients.get(&logits).unwrap().as_slice()[row * classes..];
                for (&got, want) in got.iter().zip(want_gradient) {
                    assert!((f64::from(got) - want).abs() < 5e-7, "{got}, not {want}");
                }
            }
        }
    }

    #[test]
    fn rows_that_are_all_ignored_have_no_mean() {
        let options = CrossEntropy { ignore_index: Some(-100), ..CrossEntropy::default() };
        let x = Tensor::zeros([2, 3]).with_grad();
        let loss = x.cross_entropy(&Tensor::from_i32(&[-100, -100], [2]), &options);
        assert!(loss.item().is_nan());
        assert_eq!(loss.backward().get(&x).unwrap().to_vec(), [0.0; 6]);
    }

    #[test]
    #[should_panic(expected = "of one class, whose loss is always 0")]
    fn numbers_are_no_classes() {
        let _ =
            Tensor::zeros([4, 1]).cross_entropy(&Tensor::ones([4, 1]), &CrossEntropy::default());
    }

    #[test]
    #[should_panic(expected = "expected classes as integers (Tensor::from_i32) of shape 4")]
    fn classes_that_are_floats() {
        let _ = Tensor::zeros([4, 3]).cross_entropy(&Tensor::ones([4]), &CrossEntropy::default());
    }

    #[test]
    #[should_panic(expected = "target class 3 is out of range for 3 classes")]
    fn a_class_out_of_range() {
        let targets = Tensor::from_i32(&[3], [1]);
        let _ = Tensor::zeros([1, 3]).cross_entropy(&targets, &CrossEntropy::default());
    }
}
