//! Metrics: how good predictions are. One file each, and one row in [`METRICS`].
//!
//! A metric adds up over batches and gives one number at the end; the order of the batches is all
//! that its bits depend on. Predictions of classes are logits `[…, classes]` with integer labels
//! `[…]` (a negative label is left out), or one logit `[…, 1]` or `[…]` of the second of two
//! classes with targets 0 and 1. Predictions of numbers are `[batch, outputs]` or `[batch]` with
//! targets of the same shape; scores of several outputs are averaged.
//!
//! Training reports those that belong to its [`Task`], and any others that
//! [`TrainConfig::metrics`](crate::TrainConfig::metrics) names or that are monitored.

mod accuracy;
mod average;
mod average_precision;
mod balanced_accuracy;
mod bits_per_token;
mod brier;
mod class_counts;
mod cohen_kappa;
mod column;
mod confusion_matrix;
mod explained_variance;
mod f1;
mod log_loss;
mod loss;
mod matthews;
mod max_error;
mod mean;
mod mean_absolute_error;
mod mean_squared_error;
mod meter;
mod moments;
mod perplexity;
mod precision;
mod r2;
mod ranking;
mod recall;
mod roc_auc;
mod root_mean_squared_error;
mod rows;
mod sums;
mod top_k;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::accumulator::Task;
pub(crate) use column::{Column, uniform_average};
pub(crate) use mean::Mean;
use ranking::Ranking;
pub(crate) use sums::Sums;

pub use average::Average;
pub use class_counts::ClassCounts;
pub use confusion_matrix::ConfusionMatrix;
pub use meter::Meter;

/// All metrics.
pub const METRICS: &[Metric] = &[
    loss::LOSS,
    accuracy::ACCURACY,
    top_k::TOP2,
    top_k::TOP3,
    top_k::TOP5,
    balanced_accuracy::BALANCED_ACCURACY,
    precision::PRECISION,
    precision::PRECISION_MACRO,
    precision::PRECISION_MICRO,
    precision::PRECISION_WEIGHTED,
    recall::RECALL,
    recall::RECALL_MACRO,
    recall::RECALL_MICRO,
    recall::RECALL_WEIGHTED,
    f1::F1,
    f1::F1_MACRO,
    f1::F1_MICRO,
    f1::F1_WEIGHTED,
    cohen_kappa::COHEN_KAPPA,
    matthews::MATTHEWS,
    log_loss::LOG_LOSS,
    brier::BRIER,
    roc_auc::ROC_AUC,
    average_precision::AVERAGE_PRECISION,
    mean_absolute_error::MEAN_ABSOLUTE_ERROR,
    mean_squared_error::MEAN_SQUARED_ERROR,
    root_mean_squared_error::ROOT_MEAN_SQUARED_ERROR,
    max_error::MAX_ERROR,
    r2::R2,
    explained_variance::EXPLAINED_VARIANCE,
    perplexity::PERPLEXITY,
    bits_per_token::BITS_PER_TOKEN,
];

/// A score: its name, and how it follows from what is added up over batches.
#[derive(Debug)]
pub struct Metric {
    /// Its name in recipes, logs and errors.
    pub name: &'static str,
    /// Whether more is better; of losses and errors less is.
    pub larger_is_better: bool,
    of: Of,
}

/// The score of one item, from its logits and its label.
type ItemScore = fn(&[f32], usize) -> f64;
/// The score of one output.
type OutputScore = fn(&Column) -> f64;

/// What a metric follows from.
#[derive(Clone, Copy, Debug)]
enum Of {
    /// The mean loss itself.
    Loss,
    /// The mean loss of tokens.
    TokenLoss(fn(f64) -> f64),
    /// The mean over items.
    Item(ItemScore),
    /// Counts by class.
    Classes(fn(&ClassCounts) -> f64),
    /// Counts by class of two classes, the second being the one that is looked for.
    Binary(fn(&ClassCounts, usize) -> f64),
    /// The order of all items.
    Ranking(fn(&Ranking) -> f64),
    /// Errors of each output, and how those of all outputs become one.
    Output(OutputScore, fn(&[Column], OutputScore) -> f64),
}

impl Metric {
    /// Whether the metric is of what `task` predicts, of `classes` classes or tokens.
    pub fn is_of(&self, task: Task, classes: usize) -> bool {
        match self.of {
            Of::Binary(_) => task == Task::Classify && classes == 2,
            Of::Loss => true,
            Of::TokenLoss(_) => task == Task::Generate,
            Of::Item(_) | Of::Classes(_) | Of::Ranking(_) => task != Task::Regress,
            Of::Output(..) => task == Task::Regress,
        }
    }

    /// The score of one output, where it is one of numbers.
    pub(crate) fn of_output(&self) -> Option<OutputScore> {
        match self.of {
            Of::Output(score, _) => Some(score),
            _ => None,
        }
    }
}

impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl<'de> Deserialize<'de> for &'static Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom(format!("there is no metric {name:?}"));
        named(&name).ok_or_else(unknown)
    }
}

/// The metric called `name`.
///
/// ```
/// # use glassbox_train::metrics::{Meter, named};
/// # use glassbox_tensor::Tensor;
/// let mut accuracy = Meter::new(named("accuracy").unwrap());
/// let logits = Tensor::from_slice(&[2.0, 1.0, 0.0, 3.0], [2, 2]);
/// accuracy.add(&logits, &Tensor::from_i32(&[0, 0], [2]));
/// assert_eq!(accuracy.value(), 0.5);
/// ```
pub fn named(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// All metrics of what `task` predicts, of `classes` classes or tokens.
pub fn of(task: Task, classes: usize) -> Vec<&'static Metric> {
    METRICS.iter().filter(|metric| metric.is_of(task, classes)).collect()
}

/// The metrics that are reported of every model that learns `task`, in the order of their columns.
pub fn always(task: Task) -> Vec<&'static Metric> {
    let names: &[&str] = match task {
        Task::Classify => &["loss", "accuracy"],
        Task::Regress => &["loss", "mae", "rmse", "r2"],
        Task::Generate => &["loss", "accuracy", "perplexity", "bits_per_token"],
    };
    names.iter().filter_map(|name| named(name)).collect()
}

#[cfg(test)]
mod tests;
