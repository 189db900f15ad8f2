//! Sums over batches from which the scores of a set follow.

use std::f64::consts::LN_2;

use glassbox_nn::Loss;
use glassbox_nn::losses::LossTotal;
use glassbox_tensor::{DType, Tensor};
use serde::{Deserialize, Serialize};

use crate::data::Normalizer;
use crate::metrics::{Column, each_value, outputs, uniform_average};
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
    /// Items that count: tokens one by one, as windows of a sequence may differ in length.
    samples: u64,
    loss: f64,
    /// What the sum of the losses is divided by.
    weight: f64,
    correct: u64,
    /// Errors of numbers, by output.
    columns: Vec<Column>,
}

impl Accumulator {
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
        self.loss += total.sum;
        self.weight += total.weight;
        match target.dtype() {
            DType::I32 => self.add_classes(prediction, target, loss.ignored()),
            DType::F32 => self.add_values(prediction, target, units),
        }
    }

    fn add_classes(&mut self, logits: &Tensor, labels: &Tensor, ignored: Option<i32>) {
        let classes = logits.dims().last().copied().unwrap_or(1).max(1);
        // A single score of `[items]` has no axis of its own.
        let classes = if logits.elements() == labels.elements() { 1 } else { classes };
        let rows = logits.as_slice().chunks_exact(classes);
        for (row, &label) in rows.zip(labels.as_i32()) {
            if Some(label) == ignored {
                continue;
            }
            self.samples += 1;
            // A single score is that of the second of two classes.
            let class = if classes == 1 { i32::from(row[0] > 0.0) } else { largest(row) as i32 };
            self.correct += u64::from(class == label);
        }
    }

    fn add_values(&mut self, prediction: &Tensor, target: &Tensor, units: &Normalizer) {
        self.samples += target.dims().first().map_or(1, |&items| items as u64);
        let count = outputs(target);
        if self.columns.len() != count {
            self.columns = vec![Column::default(); count];
        }
        let scale = |output: usize| match units.scale.len() {
            0 => 1.0,
            width => units.scale[output % width],
        };
        each_value(prediction, target, |output, y, t| {
            // The offset changes neither an error nor a variance, and would drown small ones.
            let scale = scale(output);
            self.columns[output].add((y - t) * scale, t * scale);
        });
    }

    /// How many items were added, those of an ignored class left out.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Whether nothing was added that counts: there are no scores then.
    pub fn is_empty(&self) -> bool {
        self.samples == 0
    }

    /// The scores so far. Of several outputs, called `outputs`, also each by itself: `r2.price`.
    /// `docs/scores.md` defines them all.
    pub fn scores(&self, task: Task, outputs: &[String]) -> Scores {
        let mut scores = Scores::new();
        if self.is_empty() {
            return scores;
        }
        // Items of classes that weigh nothing have no mean loss.
        let loss = (self.weight > 0.0).then(|| self.loss / self.weight);
        let mut set = |name: &str, value: Option<f64>| {
            value.into_iter().for_each(|value| scores.set(name, value));
        };
        set("loss", loss);
        match task {
            Task::Classify => set("accuracy", Some(self.accuracy())),
            Task::Generate => {
                set("accuracy", Some(self.accuracy()));
                set("perplexity", loss.map(f64::exp));
                set("bits_per_token", loss.map(|loss| loss / LN_2));
            }
            Task::Regress => self.set_errors(&mut scores, outputs),
        }
        scores
    }

    /// The names of all scores that a set may have.
    pub(crate) fn score_names(task: Task, outputs: &[String]) -> Vec<String> {
        let names: &[&str] = match task {
            Task::Classify => &["loss", "accuracy"],
            Task::Generate => &["loss", "accuracy", "perplexity", "bits_per_token"],
            Task::Regress => &["loss", "mae", "rmse", "r2"],
        };
        let outputs = if outputs.len() > 1 && task == Task::Regress { outputs } else { &[] };
        let of_one = outputs
            .iter()
            .flat_map(|output| ERRORS.iter().map(move |(name, _)| format!("{name}.{output}")));
        names.iter().map(|&name| name.to_owned()).chain(of_one).collect()
    }

    fn accuracy(&self) -> f64 {
        self.correct as f64 / self.samples as f64
    }

    fn set_errors(&self, scores: &mut Scores, outputs: &[String]) {
        for (name, error) in ERRORS {
            if self.is_defined(name) {
                scores.set(name, uniform_average(&self.columns, error));
            }
        }
        if self.columns.len() < 2 {
            return;
        }
        for (index, column) in self.columns.iter().enumerate() {
            let output = outputs.get(index).cloned().unwrap_or_else(|| index.to_string());
            for (name, error) in ERRORS.into_iter().filter(|(name, _)| self.is_defined(name)) {
                scores.set(&format!("{name}.{output}"), error(column));
            }
        }
    }

    /// R² of a single item is undefined, and left out.
    fn is_defined(&self, name: &str) -> bool {
        name != "r2" || self.columns.iter().all(|column| column.count() >= 2.0)
    }
}

/// The scores of predicted numbers.
const ERRORS: [(&str, ColumnScore); 3] =
    [("mae", Column::mae), ("rmse", Column::rmse), ("r2", Column::r2)];

type ColumnScore = fn(&Column) -> f64;

/// The sums as they are in a file. Older files have those of all outputs together, and losses that
/// were weighted by items.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Saved {
    samples: u64,
    loss: f64,
    weight: Option<f64>,
    correct: u64,
    columns: Vec<Column>,
    values: u64,
    absolute: f64,
    squared: f64,
    targets: f64,
    targets_squared: f64,
}

impl From<Saved> for Accumulator {
    fn from(saved: Saved) -> Self {
        let Saved { samples, loss, weight, correct, mut columns, .. } = saved;
        let Saved { values, absolute, squared, targets, targets_squared, .. } = saved;
        if columns.is_empty() && targets_squared > 0.0 {
            columns = vec![Column::from_sums(values, absolute, squared, targets, targets_squared)];
        }
        Self { samples, loss, weight: weight.unwrap_or(samples as f64), correct, columns }
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
