//! What happens during training, as observers see it.

use std::sync::Arc;
use std::time::Duration;

use glassbox_nn::{Module, Path, Probe};
use glassbox_tensor::Gradients;
use glassbox_tensor::optimize::UpdateNorms;
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::monitor::Monitor;
use crate::progress::Progress;
use crate::saved_state::Snapshot;
use crate::scores::Scores;

/// Something that happened. New kinds may be added: match with a `_` arm.
#[non_exhaustive]
#[derive(Clone, Copy)]
pub enum Event<'a> {
    /// Training begins, or continues after a resume.
    RunStart(&'a RunInfo),
    /// An epoch begins (counted from 1).
    EpochStart {
        /// Its number, from 1.
        epoch: usize,
    },
    /// The model between two epochs, to look into: before the first, and after each.
    Model {
        /// Epochs trained so far: 0 for the model as it was initialised.
        epoch: usize,
        /// The model.
        model: &'a dyn Module,
    },
    /// One optimizer step was made.
    Step(&'a StepView<'a>),
    /// A step passed in which no item counted (all are of an ignored class, say): nothing was
    /// learned.
    Skipped {
        /// Its number over the whole run, from 1.
        step: u64,
    },
    /// A part of the validation set was evaluated.
    Validation {
        /// Batches evaluated so far.
        done: usize,
        /// Batches in all.
        total: usize,
    },
    /// An epoch and its validation are over.
    EpochEnd(&'a EpochReport),
    /// The state should be written down: `best` when the monitored score has improved.
    Save {
        /// Everything needed to go on from here.
        snapshot: &'a Snapshot<'a>,
        /// Whether these weights are the best so far.
        best: bool,
        /// Whether this is the last chance to write: the end or an interruption of the run. When a
        /// run fails, [`Event::Failed`] is that.
        last: bool,
    },
    /// Training failed: what is held back must be written now. What an observer returns has no
    /// effect.
    Failed {
        /// Why.
        error: &'a TrainError,
        /// Where the run stands: the failing step is the one after these.
        progress: &'a Progress,
    },
    /// Training ends before its last epoch.
    Stopped(&'a StopReason),
    /// Training is over.
    RunEnd(&'a RunReport),
}

/// One optimizer step, to look into.
#[derive(Clone, Copy)]
pub struct StepView<'a> {
    /// What it was like.
    pub report: &'a StepReport,
    /// The model after it.
    pub model: &'a dyn Module,
    /// The gradients that it followed, after clipping.
    pub gradients: &'a Gradients,
    /// How far each parameter moved; empty unless an observer asked for it:
    /// [`Observer::looks_at`].
    pub updates: &'a [ParameterUpdate],
}

/// How far an optimizer step moved a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterUpdate {
    /// The parameter: `3.weight`.
    pub path: Path,
    /// Euclidean norms of its values after the step, of its gradient after clipping, and of its
    /// change. Those of a parameter that has no gradient (it is frozen, or the loss did not depend
    /// on it) are those of a step that changes nothing.
    pub norms: UpdateNorms,
}

/// What an observer wants to see of the coming step.
#[derive(Clone, Default)]
pub struct Look {
    /// The norms in [`StepView::updates`].
    pub updates: bool,
    /// Values and gradients of layers. The bits of weights do not depend on it.
    pub probe: Option<Arc<dyn Probe>>,
}

/// What an observer wants to happen next.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Flow {
    /// Go on.
    #[default]
    Continue,
    /// Write the state down, then go on.
    Save,
    /// Stop after this event.
    Stop(StopReason),
}

/// Why training ended early.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StopReason {
    /// The monitored score has not improved for some epochs; the text says which and how long.
    NoImprovement(String),
    /// The user asked for it (Ctrl-C).
    Interrupted,
}

/// Something that watches training: metrics, early stopping, checkpoints, progress.
pub trait Observer {
    /// Sees an event and says how to go on.
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, crate::TrainError>;

    /// What this observer wants to see of optimizer step `step`, counted from 1, before it is made.
    /// What nobody asks for costs nothing.
    fn looks_at(&mut self, _step: u64) -> Look {
        Look::default()
    }

    /// The score that this observer watches, if any: unless [`TrainConfig::monitor`] says
    /// otherwise, it also decides which weights are the best.
    ///
    /// [`TrainConfig::monitor`]: crate::TrainConfig::monitor
    fn watches(&self) -> Option<&Monitor> {
        None
    }

    /// Name and value of what must survive an interruption, if anything.
    fn state(&self) -> Option<(&'static str, serde_json::Value)> {
        None
    }

    /// Takes the value saved under its name back; others are ignored.
    fn restore(&mut self, _name: &str, _value: &serde_json::Value) {}
}

/// The facts of a run that do not change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Trainable values of the model.
    pub parameters: usize,
    /// Optimizer steps in an epoch.
    pub steps_per_epoch: usize,
    /// Epochs in all.
    pub epochs: usize,
    /// Samples in an epoch.
    pub train_samples: usize,
    /// Batches of a validation pass; 0 without a validation set.
    pub valid_batches: usize,
    /// Optimizer steps already made (0, or where a resumed run continues).
    pub start_step: u64,
    /// The epoch that begins or continues, from 1.
    pub start_epoch: usize,
}

/// One optimizer step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// The step's number over the whole run, from 1.
    pub step: u64,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The step's number in its epoch, from 1.
    pub step_in_epoch: usize,
    /// The loss of this step's samples.
    pub loss: f64,
    /// How many samples the step used.
    pub samples: usize,
    /// The learning rate it used.
    pub learning_rate: f64,
    /// The gradient's norm over all parameters before clipping, where it was computed.
    pub gradient_norm: Option<f64>,
}

/// One epoch with its validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Optimizer steps made so far in the run.
    pub step: u64,
    /// Scores on the training samples as they were trained on.
    pub train: Scores,
    /// Scores on the validation set.
    pub valid: Option<Scores>,
    /// The learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Whether the monitored score is the best so far.
    pub best: bool,
    /// How long the epoch took, validation included.
    #[serde(with = "seconds")]
    pub duration: Duration,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Epochs completed, those before a resume included.
    pub epochs: usize,
    /// Optimizer steps made, those before a resume included.
    pub steps: u64,
    /// The best monitored score.
    pub best: Option<Best>,
    /// Why training ended before its last epoch, if it did.
    pub stopped: Option<StopReason>,
    /// How long this process trained.
    #[serde(with = "seconds")]
    pub duration: Duration,
}

/// The best monitored score and where it was reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Which score, as `valid.loss`.
    pub metric: String,
    /// Its value.
    #[serde(deserialize_with = "number_or_nan")]
    pub value: f64,
    /// The epoch, from 1.
    pub epoch: usize,
}

/// JSON has no NaN or infinity: a score that is none was written as null.
fn number_or_nan<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

mod seconds {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub fn serialize<S: Serializer>(duration: &Duration, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_f64((duration.as_secs_f64() * 1e3).round() / 1e3)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(d)?;
        Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
    }
}
