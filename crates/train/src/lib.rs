//! Data, optimizers, schedules, metrics and the training loop of Glassbox.
#![forbid(unsafe_code)]

mod accumulator;
pub mod atomic;
pub mod checkpoint;
mod clip;
pub mod data;
mod error;
mod event;
pub mod metrics;
mod monitor;
pub mod observers;
pub mod optim;
mod predictor;
mod progress;
mod run_folder;
pub mod schedule;
mod scores;
mod trainer;

pub use accumulator::{Accumulator, Task};
pub use clip::{Clip, clip_by_norm, clip_by_value, gradient_norm};
pub use data::DataError;
pub use error::{NotFinite, TrainError};
pub use event::{
    Best, EpochReport, Event, Flow, Observer, RunInfo, RunReport, StepReport, StopReason,
};
pub use monitor::Monitor;
pub use predictor::{ClassProbability, NamedValue, Output, Prediction, Predictor, PredictorConfig};
pub use progress::Progress;
pub use run_folder::{RunFolder, RunRecord, Status, unix_time};
pub use scores::Scores;
pub use trainer::{TrainConfig, Trainer, clock, evaluate};
