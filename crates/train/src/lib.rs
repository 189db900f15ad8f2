//! The training loop of Glassbox: optimizers, schedules, scores and data in memory. It needs no file
//! system.
#![forbid(unsafe_code)]

mod accumulator;
mod advice;
mod backpropagation;
mod carried;
mod causality;
mod clip;
mod clock;
mod compatible;
mod config;
pub mod data;
mod error;
mod evaluation;
mod event;
mod head;
mod lags;
pub mod metrics;
mod monitor;
mod not_finite;
pub mod observers;
pub mod optim;
mod progress;
mod saved_state;
pub mod schedule;
mod scores;
mod settings;
mod trainer;

pub use accumulator::{Accumulator, Task, largest};
pub use advice::Circumstances;
pub use causality::{SeesAnswer, targets_continue_inputs};
pub use clip::{Clip, clip_by_norm, clip_by_value, gradient_norm};
pub use config::TrainConfig;
pub use data::DataError;
pub use error::{FailedAt, Mismatch, TrainError};
pub use evaluation::{Evaluation, clock, evaluate};
pub use event::{
    Best, EpochReport, Event, Flow, Look, Observer, ParameterUpdate, RunInfo, RunReport,
    StepReport, StepView, StopReason,
};
pub use head::{ToLearn, head_mismatch};
pub use lags::{LayerLags, gradient_by_lag};
pub use monitor::Monitor;
pub use not_finite::NotFinite;
pub use progress::Progress;
pub use saved_state::{CheckpointError, ObserverStates, SavedState, Snapshot, set_weights};
pub use schedule::Plan;
pub use scores::{Scores, baseline_of, score_text};
pub use trainer::{Growth, Trainer};
