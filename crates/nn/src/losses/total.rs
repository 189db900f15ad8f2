//! The loss of a set of items: a sum and what it is divided by, in double precision.

use std::iter::zip;

use glassbox_tensor::{DType, Tensor};

use super::{BinaryCrossEntropyConfig, CrossEntropyConfig, Loss, check_shapes};

/// The losses of some items added up, and the weight that the sum is divided by for their mean.
///
/// The mean of a set is the sum of its parts' sums over the sum of their weights, however it is
/// cut into batches; the mean of the batches' means is not. The weight is that of PyTorch's
/// `reduction="mean"`: for [`Loss::CrossEntropy`] the sum of the class weights of the targets that
/// are not ignored (each 1 without weights), or the number of target distributions; for the other
/// losses the number of values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossTotal {
    /// The sum of the weighted losses.
    pub sum: f64,
    /// What it is divided by; 0 where nothing counts.
    pub weight: f64,
}

impl LossTotal {
    /// The total of items whose mean loss is known.
    pub fn of_mean(mean: f64, weight: f64) -> Self {
        Self { sum: if weight > 0.0 { mean * weight } else { 0.0 }, weight }
    }

    /// The mean loss; NaN where nothing counts.
    pub fn mean(&self) -> f64 {
        self.sum / self.weight
    }
}

impl std::ops::AddAssign for LossTotal {
    fn add_assign(&mut self, other: Self) {
        self.sum += other.sum;
        self.weight += other.weight;
    }
}

impl Loss {
    /// The loss of a batch added up in double precision from the prediction: the same whatever
    /// else is in the batch. Predictions and targets are those of [`Loss::compute`].
    ///
    /// ```
    /// use glassbox_nn::Loss;
    /// use glassbox_tensor::Tensor;
    ///
    /// let (scores, classes) = (Tensor::zeros([3, 2]), Tensor::from_i32(&[0, 1, 1], [3]));
    /// let total = Loss::default().total(&scores, &classes);
    /// assert_eq!(total.weight, 3.0);
    /// assert!((total.mean() - 2f64.ln()).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// As [`Loss::compute`].
    #[track_caller]
    #[must_use]
    pub fn total(&self, prediction: &Tensor, target: &Tensor) -> LossTotal {
        let weight = self.weight(target);
        let sum = match self {
            Self::CrossEntropy(config) => cross_entropy(config, prediction, target),
            Self::BinaryCrossEntropy(config) => binary_cross_entropy(config, prediction, target),
            Self::MeanSquaredError(_) => errors(self.name(), prediction, target, |e| e * e),
            Self::MeanAbsoluteError(_) => errors(self.name(), prediction, target, f64::abs),
            Self::Huber(config) => {
                let delta = f64::from(config.delta);
                errors(self.name(), prediction, target, |e| huber(e, delta))
            }
            Self::SmoothL1(config) if config.beta == 0.0 => {
                errors(self.name(), prediction, target, f64::abs)
            }
            Self::SmoothL1(config) => {
                let beta = f64::from(config.beta);
                errors(self.name(), prediction, target, |e| huber(e, beta) / beta)
            }
        };
        LossTotal { sum, weight }
    }

    /// The weight of a batch with these targets: what [`Loss::compute`] divides the sum of its
    /// losses by. 0 where nothing counts, and the mean is no number.
    #[must_use]
    pub fn weight(&self, target: &Tensor) -> f64 {
        let Self::CrossEntropy(config) = self else { return target.elements() as f64 };
        match target.dtype() {
            DType::F32 => {
                let classes = target.dims().last().copied().unwrap_or(1).max(1);
                (target.elements() / classes) as f64
            }
            DType::I32 if config.ignore_index.is_none() && config.class_weights.is_none() => {
                target.elements() as f64
            }
            DType::I32 => {
                let counts = |&&class: &&i32| Some(class) != config.ignore_index;
                target.as_i32().iter().filter(counts).map(|&class| config.weight_of(class)).sum()
            }
        }
    }

    /// The class whose items count for nothing, if there is one.
    pub fn ignored(&self) -> Option<i32> {
        match self {
            Self::CrossEntropy(config) => config.ignore_index,
            _ => None,
        }
    }
}

impl CrossEntropyConfig {
    /// The weight of a class; 1 where none are given, and for classes out of range, which
    /// [`Loss::compute`] refuses.
    fn weight_of(&self, class: i32) -> f64 {
        let weight = |weights: &Vec<f32>| weights.get(usize::try_from(class).ok()?).copied();
        f64::from(self.class_weights.as_ref().and_then(weight).unwrap_or(1.0))
    }
}

#[track_caller]
fn cross_entropy(config: &CrossEntropyConfig, prediction: &Tensor, target: &Tensor) -> f64 {
    config.check(prediction, target);
    let classes = prediction.dims().last().copied().unwrap_or(1);
    let rows = prediction.as_slice().chunks_exact(classes);
    match target.dtype() {
        DType::I32 => {
            let counts = |(_, class): &(&[f32], i32)| Some(*class) != config.ignore_index;
            let rows = zip(rows, target.as_i32().iter().copied()).filter(counts);
            rows.map(|(row, class)| {
                let class = usize::try_from(class).ok().filter(|&class| class < classes);
                let Some(class) = class else {
                    panic!("a target class is out of range for {classes} classes");
                };
                row_loss(config, row, |at| f64::from(u8::from(at == class)), Some(class))
            })
            .sum()
        }
        DType::F32 => {
            let targets = target.as_slice().chunks_exact(classes);
            zip(rows, targets)
                .map(|(row, t)| row_loss(config, row, |at| f64::from(t[at]), None))
                .sum()
        }
    }
}

/// `-Σ weight ((1 - s) t + s / classes) log softmax(x)` of one row of scores `x`; `only` is the
/// class of which alone `t` is not 0, if known.
fn row_loss(
    config: &CrossEntropyConfig,
    row: &[f32],
    target: impl Fn(usize) -> f64,
    only: Option<usize>,
) -> f64 {
    let largest = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let rest: f64 = row.iter().map(|&x| (f64::from(x) - largest).exp()).sum::<f64>().ln();
    let surprise = |class: usize| (largest - f64::from(row[class])) + rest;
    let smoothing = f64::from(config.label_smoothing);
    if let (Some(class), 0.0) = (only, smoothing) {
        return config.weight_of(class as i32) * surprise(class);
    }
    let each = |class: usize| {
        let share = (1.0 - smoothing) * target(class) + smoothing / row.len() as f64;
        match share == 0.0 {
            true => 0.0,
            false => config.weight_of(class as i32) * share * surprise(class),
        }
    };
    (0..row.len()).map(each).sum()
}

#[track_caller]
fn binary_cross_entropy(
    config: &BinaryCrossEntropyConfig,
    prediction: &Tensor,
    target: &Tensor,
) -> f64 {
    let positive = f64::from(config.positive_weight);
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let loss = |x: f64, t: f64| (1.0 - t) * softplus(x) + positive * t * softplus(-x);
    pairs("binary_cross_entropy", prediction, target, loss)
}

/// `c (|e| - c / 2)` with `c` the error's magnitude, at most `delta`.
fn huber(error: f64, delta: f64) -> f64 {
    let cut = error.abs().min(delta);
    cut * (error.abs() - 0.5 * cut)
}

#[track_caller]
fn errors(loss: &str, prediction: &Tensor, target: &Tensor, of: impl Fn(f64) -> f64) -> f64 {
    pairs(loss, prediction, target, |y, t| of(y - t))
}

#[track_caller]
fn pairs(loss: &str, prediction: &Tensor, target: &Tensor, of: impl Fn(f64, f64) -> f64) -> f64 {
    check_shapes(loss, prediction, target);
    let predictions = prediction.as_slice().iter().map(|&y| f64::from(y));
    match target.dtype() {
        DType::F32 => zip(predictions, target.as_slice()).map(|(y, &t)| of(y, f64::from(t))).sum(),
        DType::I32 => zip(predictions, target.as_i32()).map(|(y, &t)| of(y, f64::from(t))).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(json: &str) -> Loss {
        serde_json::from_str(json).unwrap()
    }

    fn scores(count: usize) -> Tensor {
        let values: Vec<f32> =
            (0..count * 3).map(|i| ((i * 37 % 23) as f32 - 11.0) * 0.3).collect();
        Tensor::from_slice(&values, [count, 3])
    }

    /// Every loss that there is, with every setting that changes its sum or its weight.
    fn losses() -> Vec<(Loss, Tensor, Tensor)> {
        let classes = Tensor::from_i32(&[0, 2, 1, 1, 0, 2, 2], [7]);
        let shares: Vec<f32> =
            (0..7).flat_map(|i| [0.1 * i as f32, 0.3, 0.7 - 0.1 * i as f32]).collect();
        let shares = Tensor::from_slice(&shares, [7, 3]);
        let (numbers, yes) = (scores(7).affine(0.5, 1.0), scores(7).sign().affine(0.5, 0.5));
        let classes = [
            r#"{"type":"cross_entropy"}"#,
            r#"{"type":"cross_entropy","class_weights":[0.5,2.0,4.0]}"#,
            r#"{"type":"cross_entropy","ignore_index":2}"#,
            r#"{"type":"cross_entropy","class_weights":[0.5,2.0,4.0],"ignore_index":1,
                "label_smoothing":0.2}"#,
        ]
        .map(|text| (loss(text), scores(7), classes.clone()));
        let others = [
            (r#"{"type":"cross_entropy","label_smoothing":0.1}"#, shares),
            (r#"{"type":"binary_cross_entropy","positive_weight":3.0}"#, yes),
            (r#"{"type":"mse"}"#, numbers.clone()),
            (r#"{"type":"mae"}"#, numbers.clone()),
            (r#"{"type":"huber","delta":0.7}"#, numbers.clone()),
            (r#"{"type":"smooth_l1","beta":0.7}"#, numbers.clone()),
            (r#"{"type":"smooth_l1","beta":0.0}"#, numbers),
        ]
        .map(|(text, targets)| (loss(text), scores(7), targets));
        classes.into_iter().chain(others).collect()
    }

    #[test]
    fn the_mean_is_that_of_the_operation() {
        for (loss, prediction, target) in losses() {
            let (mean, total) =
                (loss.compute(&prediction, &target).item(), loss.total(&prediction, &target));
            assert!(
                (f64::from(mean) - total.mean()).abs() < 3e-6 * (1.0 + total.mean()),
                "{loss:?}"
            );
        }
    }

    #[test]
    fn totals_add_up_however_the_items_are_cut() {
        for (loss, prediction, target) in losses() {
            let whole = loss.total(&prediction, &target);
            for size in 1..7 {
                let mut sum = LossTotal::default();
                for (y, t) in prediction.split(0, size).iter().zip(target.split(0, size)) {
                    sum += loss.total(y, &t);
                }
                assert!((sum.mean() - whole.mean()).abs() < 1e-12, "{loss:?} by {size}");
            }
        }
    }

    // torch.nn.functional.cross_entropy(x, t, weight=w, ignore_index=1, label_smoothing=0.2).
    #[test]
    fn large_scores_keep_their_digits() {
        let scores = Tensor::from_slice(&[1e8, 0.0, 0.0, 1e8], [2, 2]);
        let total = Loss::default().total(&scores, &Tensor::from_i32(&[0, 0], [2]));
        assert_eq!(total, LossTotal { sum: 1e8, weight: 2.0 });
    }

    #[test]
    fn what_is_ignored_weighs_nothing() {
        let loss = loss(r#"{"type":"cross_entropy","ignore_index":-1}"#);
        let total = loss.total(&scores(2), &Tensor::from_i32(&[-1, -1], [2]));
        assert_eq!(total, LossTotal::default());
        assert_eq!(LossTotal::of_mean(f64::NAN, 0.0), total);
        assert_eq!((loss.ignored(), Loss::default().ignored()), (Some(-1), None));
    }

    #[test]
    #[should_panic(expected = "out of range for 3 classes")]
    fn a_class_out_of_range() {
        let _ = Loss::default().total(&scores(1), &Tensor::from_i32(&[3], [1]));
    }
}
