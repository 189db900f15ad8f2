//! Metrics: how good predictions are. One file each.
//!
//! A metric adds up over batches and gives one number at the end; the order of the batches is all
//! that its bits depend on. Predictions of classes are logits `[…, classes]` with integer labels
//! `[…]` (a negative label is left out), or one logit `[…, 1]` or `[…]` of the second of two
//! classes with targets 0 and 1. Predictions of numbers are `[batch, outputs]` or `[batch]` with
//! targets of the same shape; scores of several outputs are averaged.

mod accuracy;
mod average_precision;
mod balanced_accuracy;
mod brier;
mod cohen_kappa;
mod columns;
mod confusion_matrix;
mod explained_variance;
mod log_loss;
mod matthews;
mod max_error;
mod mean;
mod mean_absolute_error;
mod mean_squared_error;
mod moments;
mod precision_recall;
mod r2;
mod ranking;
mod roc_auc;
mod root_mean_squared_error;
mod rows;
mod top_k;

use glassbox_tensor::Tensor;

pub(crate) use columns::{Column, uniform_average};
pub(crate) use rows::{each_value, outputs};

pub use accuracy::Accuracy;
pub use average_precision::AveragePrecision;
pub use brier::Brier;
pub use confusion_matrix::ConfusionMatrix;
pub use explained_variance::ExplainedVariance;
pub use log_loss::LogLoss;
pub use max_error::MaxError;
pub use mean::Mean;
pub use mean_absolute_error::MeanAbsoluteError;
pub use mean_squared_error::MeanSquaredError;
pub use precision_recall::Average;
pub use r2::R2;
pub use roc_auc::RocAuc;
pub use root_mean_squared_error::RootMeanSquaredError;
pub use top_k::TopK;

/// A score that adds up over batches.
pub trait Metric: Send {
    /// Adds a batch.
    ///
    /// # Panics
    /// When the shapes or types of predictions and targets do not belong together.
    fn add(&mut self, prediction: &Tensor, target: &Tensor);

    /// The score over all that was added; NaN where it is not defined, as before the first batch.
    fn value(&self) -> f64;

    /// Forgets all batches.
    fn reset(&mut self);
}

/// A score that follows from the confusion matrix.
struct OfConfusion {
    matrix: ConfusionMatrix,
    score: fn(&ConfusionMatrix) -> f64,
}

impl Metric for OfConfusion {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        self.matrix.add(prediction, target);
    }

    fn value(&self) -> f64 {
        (self.score)(&self.matrix)
    }

    fn reset(&mut self) {
        self.matrix.reset();
    }
}

/// The names that [`named`] knows. Losses and errors are better when smaller, see
/// [`larger_is_better`].
pub const NAMES: &[&str] = &[
    "accuracy",
    "top2",
    "top3",
    "top5",
    "balanced_accuracy",
    "precision_macro",
    "precision_micro",
    "precision_weighted",
    "recall_macro",
    "recall_micro",
    "recall_weighted",
    "f1_macro",
    "f1_micro",
    "f1_weighted",
    "cohen_kappa",
    "matthews",
    "log_loss",
    "brier",
    "roc_auc",
    "average_precision",
    "mae",
    "mse",
    "rmse",
    "max_error",
    "r2",
    "explained_variance",
];

/// The metric called `name`, one of [`NAMES`].
///
/// ```
/// # use glassbox_train::metrics;
/// # use glassbox_tensor::Tensor;
/// let mut accuracy = metrics::named("accuracy").unwrap();
/// let logits = Tensor::from_slice(&[2.0, 1.0, 0.0, 3.0], [2, 2]);
/// accuracy.add(&logits, &Tensor::from_i32(&[0, 0], [2]));
/// assert_eq!(accuracy.value(), 0.5);
/// ```
pub fn named(name: &str) -> Option<Box<dyn Metric>> {
    let score: fn(&ConfusionMatrix) -> f64 = match name {
        "accuracy" => return Some(Box::new(Accuracy::default())),
        "top2" => return Some(Box::new(TopK::new(2))),
        "top3" => return Some(Box::new(TopK::new(3))),
        "top5" => return Some(Box::new(TopK::new(5))),
        "log_loss" => return Some(Box::new(LogLoss::default())),
        "brier" => return Some(Box::new(Brier::default())),
        "roc_auc" => return Some(Box::new(RocAuc::default())),
        "average_precision" => return Some(Box::new(AveragePrecision::default())),
        "mae" => return Some(Box::new(MeanAbsoluteError::default())),
        "mse" => return Some(Box::new(MeanSquaredError::default())),
        "rmse" => return Some(Box::new(RootMeanSquaredError::default())),
        "max_error" => return Some(Box::new(MaxError::default())),
        "r2" => return Some(Box::new(R2::default())),
        "explained_variance" => return Some(Box::new(ExplainedVariance::default())),
        "balanced_accuracy" => ConfusionMatrix::balanced_accuracy,
        "precision_macro" => |matrix| matrix.precision(Average::Macro),
        "precision_micro" => |matrix| matrix.precision(Average::Micro),
        "precision_weighted" => |matrix| matrix.precision(Average::Weighted),
        "recall_macro" => |matrix| matrix.recall(Average::Macro),
        "recall_micro" => |matrix| matrix.recall(Average::Micro),
        "recall_weighted" => |matrix| matrix.recall(Average::Weighted),
        "f1_macro" => |matrix| matrix.f1(Average::Macro),
        "f1_micro" => |matrix| matrix.f1(Average::Micro),
        "f1_weighted" => |matrix| matrix.f1(Average::Weighted),
        "cohen_kappa" => ConfusionMatrix::cohen_kappa,
        "matthews" => ConfusionMatrix::matthews,
        _ => return None,
    };
    Some(Box::new(OfConfusion { matrix: ConfusionMatrix::default(), score }))
}

/// Whether more is better: for losses and errors less is.
pub fn larger_is_better(name: &str) -> bool {
    !matches!(
        name,
        "loss"
            | "log_loss"
            | "brier"
            | "mae"
            | "mse"
            | "rmse"
            | "max_error"
            | "perplexity"
            | "bits_per_token"
    )
}

#[cfg(test)]
mod tests;
