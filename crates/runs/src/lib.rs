//! Run folders of Glassbox: checkpoints, logs, and predicting with what was trained.
#![forbid(unsafe_code)]

pub mod atomic;
pub mod checkpoint;
mod earlier;
mod error;
mod file_predictions;
mod generator;
mod kept;
pub mod observers;
mod predictor;
mod run_folder;
mod run_lock;
mod run_record;
mod sampling;
mod training_state;

pub use error::RunError;
pub use file_predictions::{FilePredictions, ItemPrediction};
pub use generator::Generator;
pub use kept::{Kept, kept};
pub use predictor::{ClassProbability, NamedValue, Output, Prediction, Predictor, PredictorConfig};
pub use run_folder::{FoundRuns, RunFolder, unix_time};
pub use run_lock::{RunLock, Writer};
pub use run_record::{Change, Resumption, RunRecord, Status};
pub use sampling::Sampling;
