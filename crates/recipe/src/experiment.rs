//! An experiment: a recipe in which everything is decided.

use glassbox_data::DataConfig;
use glassbox_nn::{Loss, NodeConfig};
use glassbox_runs::observers::SamplesConfig;
use glassbox_tensor::Precision;
use glassbox_train::data::Augment;
use glassbox_train::observers::EarlyStopConfig;
use glassbox_train::optim::OptimizerConfig;
use glassbox_train::schedule::{Schedule, ScheduleSpan, Warmup};
use glassbox_train::{Clip, Evaluation, Monitor, Task, TrainConfig, metrics};
use serde::{Deserialize, Serialize};

/// A recipe in which everything is decided: every default is written out, the last layer has its
/// width, paths are absolute (those that were relative are written relative to the file that they
/// are written to).
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// The name, the task and the seed.
    pub run: RunSection,
    /// Where the data comes from and how it is prepared.
    pub data: DataConfig,
    /// The keys of `data` whose paths the recipe gives relative to itself.
    pub relative_paths: Vec<String>,
    /// Changes of training images, in order.
    pub augment: Vec<Augment>,
    /// The layers, from the input to the scores or values.
    pub layers: Vec<NodeConfig>,
    /// How the layers are trained.
    pub train: TrainSection,
    /// What is kept of the run besides its scores.
    pub watch: WatchSection,
}

/// What the run is called and what it learns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunSection {
    /// The name, from which the folder of a run gets its own.
    pub name: String,
    /// What is learned.
    pub task: Task,
    /// Decides initial weights, the order of samples, augmentation and dropout.
    pub seed: u64,
}

/// How the model is trained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainSection {
    /// Passes over the training items.
    pub epochs: usize,
    /// Items whose gradients are computed together.
    pub batch_size: usize,
    /// Batches whose gradients are averaged for one step.
    pub accumulate: usize,
    /// Whether a last batch that is not full is left out.
    pub drop_last: bool,
    /// The cost function.
    pub loss: Loss,
    /// How gradients change weights.
    pub optimizer: OptimizerConfig,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// A rise of the learning rate before the schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<Warmup>,
    /// The epochs over which the schedule runs; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_span: Option<ScheduleSpan>,
    /// The score that decides which weights are the best.
    pub monitor: Monitor,
    /// Scores that are reported besides those of every training; what is monitored is among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    /// Limits on gradients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// When to stop before the last epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stop: Option<EarlyStopConfig>,
    /// How often the state is saved besides at the end of epochs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<CheckpointEvery>,
    /// Steps of a sequence through which gradients flow; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bptt: Option<usize>,
    /// Whether recurrent layers carry their state from batch to batch.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stateful: bool,
    /// Whether algorithms that round differently from the definition may be used.
    #[serde(skip_serializing_if = "PrecisionSetting::is_fast")]
    pub precision: PrecisionSetting,
    /// Threads to compute with; all cores when absent. They change nothing about the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
}

/// What is kept of the run besides its scores.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WatchSection {
    /// Whether gradient norms by time lag are kept, of the model before training and after every
    /// epoch.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lags: bool,
    /// What a language model is to write before training and after every epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<SamplesConfig>,
}

/// Whether algorithms that round differently from the definition may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrecisionSetting {
    /// They may: an error of some millionths of the largest value.
    #[default]
    Fast,
    /// They may not.
    Exact,
}

impl PrecisionSetting {
    fn is_fast(&self) -> bool {
        *self == Self::Fast
    }
}

impl From<PrecisionSetting> for Precision {
    fn from(setting: PrecisionSetting) -> Self {
        match setting {
            PrecisionSetting::Fast => Self::Fast,
            PrecisionSetting::Exact => Self::Exact,
        }
    }
}

/// How often the state of training is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointEvery {
    /// After so many optimizer steps.
    Steps(u64),
    /// After so many epochs.
    Epochs(u64),
}

impl CheckpointEvery {
    /// The number of optimizer steps between two checkpoints.
    pub fn steps(self, steps_per_epoch: usize) -> u64 {
        match self {
            Self::Steps(steps) => steps,
            Self::Epochs(epochs) => epochs.saturating_mul(steps_per_epoch as u64).max(1),
        }
    }
}

impl Experiment {
    /// How a model of this experiment is evaluated: as in training's validation.
    pub fn evaluation(&self) -> Evaluation<'_> {
        let metrics = self.train.metrics.iter().filter_map(|name| metrics::named(name));
        Evaluation::new(&self.train.loss, self.run.task)
            .with_metrics(metrics.collect())
            .stateful(self.train.stateful)
            .with_precision(self.train.precision.into())
    }

    /// What the training loop needs to know.
    pub fn train_config(&self) -> TrainConfig {
        TrainConfig {
            task: self.run.task,
            epochs: self.train.epochs,
            accumulate: self.train.accumulate,
            loss: self.train.loss.clone(),
            optimizer: self.train.optimizer.clone(),
            schedule: self.train.schedule.clone(),
            warmup: self.train.warmup.clone(),
            schedule_span: self.train.schedule_span,
            metrics: self.train.metrics.clone(),
            clip: self.train.clip,
            monitor: Some(self.train.monitor.clone()),
            bptt: self.train.bptt,
            stateful: self.train.stateful,
            precision: self.train.precision.into(),
            seed: self.run.seed,
        }
    }
}
