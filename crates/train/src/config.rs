//! How to train, as plain data.

use glassbox_nn::Loss;
use glassbox_tensor::Precision;

use crate::accumulator::Task;
use crate::clip::Clip;
use crate::monitor::Monitor;
use crate::optim::OptimizerConfig;
use crate::schedule::{Schedule, ScheduleSpan, Warmup};

/// How to train: plain data, from a recipe or written out in code.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainConfig {
    /// What is learned.
    pub task: Task,
    /// Passes over the training set.
    pub epochs: usize,
    /// Batches whose gradients are averaged for one optimizer step, each weighted by what its loss
    /// is divided by: its items, or the sum of their class weights. So one step on 5 batches of
    /// 256, 256, 256, 256 and 1 items is one on a batch of 1,025.
    pub accumulate: usize,
    /// The cost function.
    pub loss: Loss,
    /// How gradients change parameters.
    pub optimizer: OptimizerConfig,
    /// How the learning rate changes over the run.
    pub schedule: Schedule,
    /// A rise of the learning rate before the schedule begins.
    pub warmup: Option<Warmup>,
    /// The epochs over which the schedule runs; all when absent.
    pub schedule_span: Option<ScheduleSpan>,
    /// Limits on gradients.
    pub clip: Option<Clip>,
    /// The score that decides which weights are the best. When absent, the score that an observer
    /// watches ([`EarlyStop`](crate::observers::EarlyStop)), or else `valid.loss`.
    pub monitor: Option<Monitor>,
    /// Scores to report of each epoch besides those of every training, by the names of
    /// [`METRICS`](crate::metrics::METRICS): `f1_macro`, `roc_auc`, … Monitored ones are reported
    /// without being named here.
    pub metrics: Vec<String>,
    /// Steps of a sequence through which gradients flow (truncated backpropagation through time);
    /// all when absent. Targets must be given for every step.
    pub bptt: Option<usize>,
    /// Whether recurrent layers begin each batch with the state that the batch before left, which
    /// a loader of [`LoaderConfig::streams`](crate::data::LoaderConfig::streams) continues. An
    /// epoch begins with zeros, and so does validation, which goes through all its items as one
    /// sequence.
    pub stateful: bool,
    /// Whether algorithms that round differently from the definition may be used.
    pub precision: Precision,
    /// Dropout's seed.
    pub seed: u64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            task: Task::Classify,
            epochs: 10,
            accumulate: 1,
            loss: Loss::default(),
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::default(),
            warmup: None,
            schedule_span: None,
            clip: None,
            monitor: None,
            metrics: Vec::new(),
            bptt: None,
            stateful: false,
            precision: Precision::default(),
            seed: 0,
        }
    }
}
