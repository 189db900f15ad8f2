//! Data, optimizers, schedules, metrics and the training loop of Glassbox.
#![forbid(unsafe_code)]

mod accumulator;
mod advice;
pub mod atomic;
mod backpropagation;
mod carried;
mod causality;
pub mod checkpoint;
mod civil;
mod clip;
mod compatible;
mod config;
pub mod data;
mod earlier;
mod error;
mod evaluation;
mod event;
mod file_predictions;
mod generator;
mod head;
mod kept;
mod lags;
pub mod metrics;
mod monitor;
mod not_finite;
pub mod observers;
pub mod optim;
mod predictor;
mod progress;
mod run_folder;
mod run_lock;
mod run_record;
mod sampling;
pub mod schedule;
mod scores;
mod settings;
mod trainer;
mod training_state;
mod yardstick;

pub use accumulator::{Accumulator, Task};
pub use advice::Circumstances;
pub use causality::{SeesAnswer, targets_continue_inputs};
pub use clip::{Clip, clip_by_norm, clip_by_value, gradient_norm};
pub use config::TrainConfig;
pub use data::DataError;
pub use error::{Mismatch, TrainError};
pub use evaluation::{Evaluation, clock, evaluate};
pub use event::{
    Best, EpochReport, Event, Flow, Look, Observer, ParameterUpdate, RunInfo, RunReport,
    StepReport, StepView, StopReason,
};
pub use file_predictions::{FilePredictions, ItemPrediction};
pub use generator::Generator;
pub use head::{ToLearn, head_mismatch};
pub use kept::{Kept, kept};
pub use lags::{LayerLags, gradient_by_lag};
pub use monitor::Monitor;
pub use not_finite::NotFinite;
pub use predictor::{ClassProbability, NamedValue, Output, Prediction, Predictor, PredictorConfig};
pub use progress::Progress;
pub use run_folder::{FoundRuns, RunFolder, unix_time};
pub use run_lock::{RunLock, Writer};
pub use run_record::{Change, FailedAt, Resumption, RunRecord, Status};
pub use sampling::Sampling;
pub use schedule::Plan;
pub use scores::{Scores, baseline_of, score_text};
pub use trainer::{Growth, Trainer};
pub use yardstick::Yardstick;
