//! What is added up over batches, and the metrics that follow from it.

use glassbox_tensor::{DType, Tensor};
use serde::{Deserialize, Serialize};

use super::accuracy::ACCURACY;
use super::column::Column;
use super::mean::Mean;
use super::ranking::Ranking;
use super::rows::{each_class_row, each_value, outputs};
use super::{ClassCounts, ItemScore, Metric, Of};
use crate::accumulator::largest;

/// Sums over items in double precision, of all that the chosen metrics read; accuracy and the
/// errors of numbers are always among them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// The chosen metrics, by name in files.
    metrics: Vec<&'static Metric>,
    /// Items that count: tokens one by one, as windows of a sequence may differ in length.
    samples: u64,
    /// One for accuracy, and one for each chosen metric that is a mean over items.
    items: Vec<Mean>,
    classes: ClassCounts,
    ranking: Ranking,
    /// Errors of numbers, by output.
    columns: Vec<Column>,
}

impl Sums {
    /// Nothing yet, of what `metrics` read.
    pub(crate) fn new(metrics: Vec<&'static Metric>) -> Self {
        Self { metrics, ..Self::default() }
    }

    /// Sums that an earlier version kept.
    pub(crate) fn from_earlier(samples: u64, correct: u64, columns: Vec<Column>) -> Self {
        let items = vec![Mean { sum: correct as f64, weight: samples as f64 }];
        Self { samples, items, columns, ..Self::default() }
    }

    /// The chosen metrics.
    pub(crate) fn metrics(&self) -> &[&'static Metric] {
        &self.metrics
    }

    /// How many items count.
    pub(crate) fn samples(&self) -> u64 {
        self.samples
    }

    /// Errors of numbers, by output.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Adds a batch of class predictions, but not its items of class `ignored`.
    #[track_caller]
    pub(crate) fn add_classes(
        &mut self,
        prediction: &Tensor,
        target: &Tensor,
        ignored: Option<i32>,
    ) {
        let ignored = ignored.and_then(|class| usize::try_from(class).ok());
        self.items.resize(item_metrics(&self.metrics).count(), Mean::default());
        let counts =
            self.metrics.iter().any(|metric| matches!(metric.of, Of::Classes(_) | Of::Binary(_)));
        let ranks = self.metrics.iter().any(|metric| matches!(metric.of, Of::Ranking(_)));
        each_class_row(prediction, target, |logits, label| {
            if Some(label) == ignored {
                return;
            }
            self.samples += 1;
            for (mean, (_, score)) in self.items.iter_mut().zip(item_metrics(&self.metrics)) {
                mean.sum += score(logits, label);
                mean.weight += 1.0;
            }
            if counts {
                self.classes.add(logits.len(), label, largest(logits), 1);
            }
            if ranks {
                self.ranking.add(logits, label);
            }
        });
    }

    /// Adds a batch of predicted numbers, each error and target times the scale of its output.
    #[track_caller]
    pub(crate) fn add_values(
        &mut self,
        prediction: &Tensor,
        target: &Tensor,
        scale: impl Fn(usize) -> f64,
    ) {
        self.samples += target.dims().first().map_or(1, |&items| items as u64);
        let count = outputs(target);
        if self.columns.len() != count {
            self.columns = vec![Column::default(); count];
        }
        each_value(prediction, target, |output, y, t| {
            // The offset changes neither an error nor a variance, and would drown small ones.
            let scale = scale(output);
            self.columns[output].add((y - t) * scale, t * scale);
        });
    }

    /// Adds a batch of what `metric` is about.
    #[track_caller]
    pub(super) fn add_for(&mut self, metric: &Metric, prediction: &Tensor, target: &Tensor) {
        match (&metric.of, target.dtype()) {
            (Of::Output(..), DType::F32) => self.add_values(prediction, target, |_| 1.0),
            (Of::Output(..), DType::I32) => panic!("`{}` is of numbers, not classes", metric.name),
            _ => self.add_classes(prediction, target, None),
        }
    }

    /// The metric over all that was added, with the mean loss where there is one; NaN where it is
    /// not defined.
    pub(crate) fn value(&self, metric: &Metric, loss: Option<f64>) -> f64 {
        let defined = || loss.unwrap_or(f64::NAN);
        match metric.of {
            Of::Loss => defined(),
            Of::TokenLoss(score) => score(defined()),
            Of::Item(_) => {
                let place = item_metrics(&self.metrics).position(|(name, _)| name == metric.name);
                let mean = place.and_then(|place| self.items.get(place)?.value());
                mean.unwrap_or(f64::NAN)
            }
            Of::Classes(score) => score(&self.classes),
            Of::Binary(score) if self.classes.classes() == 2 => score(&self.classes, 1),
            Of::Binary(_) => f64::NAN,
            Of::Ranking(score) => score(&self.ranking),
            Of::Output(score, all) => all(&self.columns, score),
        }
    }
}

/// What is averaged over items, by name: accuracy, and what was chosen.
fn item_metrics<'a>(
    chosen: &'a [&'static Metric],
) -> impl Iterator<Item = (&'static str, ItemScore)> + 'a {
    let metrics = std::iter::once(&ACCURACY).chain(chosen.iter().copied());
    metrics.filter_map(|metric| match metric.of {
        Of::Item(score) => Some((metric.name, score)),
        _ => None,
    })
}
