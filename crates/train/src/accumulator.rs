//! Sums over batches from which an epoch's scores follow.

use glassbox_tensor::{DType, Tensor};
use serde::{Deserialize, Serialize};

use crate::data::Normalizer;
use crate::scores::Scores;

/// What is being learned; it decides the scores that training reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Classes: loss and accuracy.
    #[default]
    Classify,
    /// Numbers: loss, mean absolute error, root mean squared error and R².
    Regress,
    /// The next token at every step: loss in nats a token, accuracy, perplexity `exp(loss)` and
    /// bits a token, `loss / ln 2`.
    Generate,
}

/// Sums over the samples seen so far; part of a checkpoint, so that an interrupted epoch's scores
/// come out exactly.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accumulator {
    samples: u64,
    loss: f64,
    values: u64,
    correct: u64,
    absolute: f64,
    squared: f64,
    targets: f64,
    targets_squared: f64,
}

impl Accumulator {
    /// Adds a batch as [`Accumulator::add`], values being turned back into their own units first:
    /// errors are then those of the targets as they were before they were standardised.
    pub fn add_in_units(
        &mut self,
        loss: f64,
        prediction: &Tensor,
        target: &Tensor,
        units: &Normalizer,
    ) {
        if units.is_identity() || target.dtype() == DType::I32 {
            return self.add(loss, prediction, target);
        }
        self.count(loss, prediction, target);
        self.add_values(prediction, target, &units.scale);
    }

    /// Adds a batch: its mean loss, predictions (logits or values) and targets.
    pub fn add(&mut self, loss: f64, prediction: &Tensor, target: &Tensor) {
        self.count(loss, prediction, target);
        match target.dtype() {
            DType::I32 => self.add_classes(prediction, target),
            DType::F32 => self.add_values(prediction, target, &[1.0]),
        }
    }

    fn count(&mut self, loss: f64, prediction: &Tensor, target: &Tensor) {
        // Tokens count one by one: windows of a sequence may differ in length.
        let samples = match target.dtype() {
            DType::I32 => target.elements() as u64,
            DType::F32 => prediction.dims().first().map_or(1, |&n| n as u64),
        };
        self.samples += samples;
        self.loss += loss * samples as f64;
    }

    fn add_classes(&mut self, logits: &Tensor, labels: &Tensor) {
        let classes = logits.dims().last().copied().unwrap_or(1).max(1);
        let rows = logits.as_slice().chunks_exact(classes);
        for (row, &label) in rows.zip(labels.as_i32()) {
            self.values += 1;
            // A single score is that of the second of two classes.
            let class = if classes == 1 { i32::from(row[0] > 0.0) } else { largest(row) as i32 };
            self.correct += u64::from(class == label);
        }
    }

    /// Values times their scale. The offset is left out: no score depends on it, and in numbers
    /// as large as seconds since 1970 it would drown their differences.
    fn add_values(&mut self, prediction: &Tensor, target: &Tensor, scale: &[f64]) {
        let values = prediction.as_slice().iter().zip(target.as_slice());
        for ((&y, &t), scale) in values.zip(scale.iter().cycle()) {
            let (y, t) = (f64::from(y) * scale, f64::from(t) * scale);
            let error = y - t;
            self.values += 1;
            self.targets += t;
            self.targets_squared += t * t;
            self.absolute += error.abs();
            self.squared += error * error;
        }
    }

    /// How many samples were added.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// The scores so far.
    pub fn scores(&self, task: Task) -> Scores {
        let (samples, values) = (self.samples as f64, self.values as f64);
        let mut scores = Scores::new();
        scores.set("loss", self.loss / samples);
        match task {
            Task::Classify => scores.set("accuracy", self.correct as f64 / values),
            Task::Generate => {
                scores.set("accuracy", self.correct as f64 / values);
                scores.set("perplexity", (self.loss / samples).exp());
                scores.set("bits_per_token", self.loss / samples / std::f64::consts::LN_2);
            }
            Task::Regress => {
                scores.set("mae", self.absolute / values);
                scores.set("rmse", (self.squared / values).sqrt());
                // 1 − Σ(y − t)² / Σ(t − mean t)²: the share of the targets' variance explained.
                let spread = self.targets_squared - self.targets * self.targets / values;
                if spread > 0.0 {
                    scores.set("r2", 1.0 - self.squared / spread);
                }
            }
        }
        scores
    }
}

/// The index of the largest value, the first of equals.
pub(crate) fn largest(row: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_of_different_size_weigh_by_samples() {
        let mut sums = Accumulator::default();
        let logits = Tensor::from_slice(&[2.0, 1.0, 0.0, 3.0], [2, 2]);
        sums.add(1.0, &logits, &Tensor::from_i32(&[0, 0], [2]));
        sums.add(4.0, &Tensor::from_slice(&[0.0, 1.0], [1, 2]), &Tensor::from_i32(&[1], [1]));
        let scores = sums.scores(Task::Classify);
        assert_eq!(scores.get("loss"), Some(2.0));
        assert_eq!(scores.get("accuracy"), Some(2.0 / 3.0));
    }

    #[test]
    fn regression_scores() {
        let mut sums = Accumulator::default();
        let (y, t) =
            (Tensor::from_slice(&[1.0, 2.0], [2, 1]), Tensor::from_slice(&[4.0, 6.0], [2, 1]));
        sums.add(0.5, &y, &t);
        let scores = sums.scores(Task::Regress);
        assert_eq!((scores.get("mae"), scores.get("rmse")), (Some(3.5), Some(12.5f64.sqrt())));
        assert_eq!(scores.get("r2"), Some(1.0 - 25.0 / 2.0));
    }

    #[test]
    fn errors_are_told_in_the_targets_own_units() {
        let mut sums = Accumulator::default();
        let units = Normalizer { offset: vec![100.0], scale: vec![10.0] };
        let (y, t) =
            (Tensor::from_slice(&[1.0, 2.0], [2, 1]), Tensor::from_slice(&[1.5, 1.5], [2, 1]));
        sums.add_in_units(0.25, &y, &t, &units);
        let scores = sums.scores(Task::Regress);
        assert_eq!((scores.get("mae"), scores.get("loss")), (Some(5.0), Some(0.25)));
        assert_eq!(scores.get("r2"), None, "all targets are equal");
    }

    #[test]
    fn a_single_score_tells_two_classes_apart() {
        let mut sums = Accumulator::default();
        let scores = Tensor::from_slice(&[-1.0, 2.0, 3.0], [3, 1]);
        sums.add(0.5, &scores, &Tensor::from_i32(&[0, 1, 0], [3]));
        assert_eq!(sums.scores(Task::Classify).get("accuracy"), Some(2.0 / 3.0));
    }
}
