//! Sums over batches from which the scores of a set follow.

use glassbox_nn::Loss;
use glassbox_nn::losses::LossTotal;
use glassbox_tensor::{DType, Tensor};
use serde::{Deserialize, Serialize};

use crate::data::Normalizer;
use crate::metrics::{self, Column, Mean, Metric, Sums};
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

/// Sums over the items seen so far, in double precision: the scores are those of the whole set,
/// whatever the size and the order of its batches. Items of an ignored class count nowhere.
///
/// The sums are part of a checkpoint, so that an interrupted epoch's scores come out exactly.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved")]
pub struct Accumulator {
    /// What the sum of the losses is divided by is their weight.
    loss: Mean,
    sums: Sums,
}

impl Accumulator {
    /// Nothing yet. `metrics` are computed besides those of every training; others of another
    /// [`Task`] are left out of the scores.
    pub fn new(metrics: Vec<&'static Metric>) -> Self {
        Self { loss: Mean::default(), sums: Sums::new(metrics) }
    }

    /// Adds a batch: its loss, predictions (logits or values) and targets.
    ///
    /// Values are turned back into their own units, which `units` tells: errors are those of the
    /// targets as they were before they were standardized. `loss` says which class is ignored.
    pub fn add(
        &mut self,
        loss: &Loss,
        total: LossTotal,
        prediction: &Tensor,
        target: &Tensor,
        units: &Normalizer,
    ) {
        self.loss.sum += total.sum;
        self.loss.weight += total.weight;
        match target.dtype() {
            DType::I32 => self.sums.add_classes(prediction, target, loss.ignored()),
            DType::F32 => {
                self.sums.add_values(prediction, target, |output| match units.scale.len() {
                    0 => 1.0,
                    width => units.scale[output % width],
                })
            }
        }
    }

    /// How many items were added, those of an ignored class left out.
    pub fn samples(&self) -> u64 {
        self.sums.samples()
    }

    /// Whether nothing was added that counts: there are no scores then.
    pub fn is_empty(&self) -> bool {
        self.samples() == 0
    }

    /// The scores so far: those of every training of `task`, then the others that were asked for.
    /// Of several outputs, called `outputs`, also each by itself: `r2.price`. A score that is not
    /// defined, as R² of a single item, is left out. `docs/scores.md` defines them all.
    pub fn scores(&self, task: Task, outputs: &[String]) -> Scores {
        let mut scores = Scores::new();
        if self.is_empty() {
            return scores;
        }
        // Items of classes that weigh nothing have no mean loss.
        let loss = self.loss.value();
        let is_defined = |value: f64| !value.is_nan() || loss.is_some_and(f64::is_nan);
        let reported = reported(task, self.sums.metrics());
        let columns = self.sums.columns();
        for metric in &reported {
            let value = self.sums.value(metric, loss);
            if is_defined(value) {
                scores.set(metric.name, value);
            }
        }
        for (index, column) in columns.iter().enumerate().filter(|_| columns.len() > 1) {
            let output = outputs.get(index).cloned().unwrap_or_else(|| index.to_string());
            for metric in &reported {
                let value = metric.of_output().map(|score| score(column));
                if let Some(value) = value.filter(|&value| is_defined(value)) {
                    scores.set(&format!("{}.{output}", metric.name), value);
                }
            }
        }
        scores
    }

    /// The names of all scores that a set may have when `metrics` are asked for.
    pub(crate) fn score_names(
        task: Task,
        metrics: &[&'static Metric],
        outputs: &[String],
    ) -> Vec<String> {
        let reported = reported(task, metrics);
        let outputs = if outputs.len() > 1 { outputs } else { &[] };
        let of_one = outputs.iter().flat_map(|output| {
            let errors = reported.iter().filter(|metric| metric.of_output().is_some());
            errors.map(move |metric| format!("{}.{output}", metric.name))
        });
        reported.iter().map(|metric| metric.name.to_owned()).chain(of_one).collect()
    }
}

/// What is reported of `task` when `further` metrics are asked for. (One of two classes only is not
/// defined, and left out, where there are more.)
fn reported(task: Task, further: &[&'static Metric]) -> Vec<&'static Metric> {
    let mut reported = metrics::always(task);
    for metric in further.iter().filter(|metric| metric.is_of(task, 2)) {
        if !reported.contains(metric) {
            reported.push(metric);
        }
    }
    reported
}

/// The sums as they are in a file. Files of earlier versions have them one by one, the oldest those
/// of all outputs together and losses that were weighted by items.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Saved {
    loss: SavedLoss,
    sums: Option<Sums>,
    samples: u64,
    weight: Option<f64>,
    correct: u64,
    columns: Vec<Column>,
    values: u64,
    absolute: f64,
    squared: f64,
    targets: f64,
    targets_squared: f64,
}

/// The losses' sum with what it is divided by, or alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum SavedLoss {
    Mean(Mean),
    Sum(f64),
}

impl Default for SavedLoss {
    fn default() -> Self {
        Self::Mean(Mean::default())
    }
}

impl From<Saved> for Accumulator {
    fn from(saved: Saved) -> Self {
        let Saved { samples, loss, sums, weight, correct, mut columns, .. } = saved;
        let Saved { values, absolute, squared, targets, targets_squared, .. } = saved;
        if columns.is_empty() && targets_squared > 0.0 {
            columns = vec![Column::from_sums(values, absolute, squared, targets, targets_squared)];
        }
        let loss = match loss {
            SavedLoss::Mean(mean) => mean,
            SavedLoss::Sum(sum) => Mean { sum, weight: weight.unwrap_or(samples as f64) },
        };
        let sums = sums.unwrap_or_else(|| Sums::from_earlier(samples, correct, columns));
        Self { loss, sums }
    }
}

/// The index of the largest value, the first of equals.
pub fn largest(row: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}

#[cfg(test)]
#[path = "accumulator_tests.rs"]
mod tests;
