//! What can end training, for people.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::CheckpointError;
use crate::data::DataError;

/// Why training, or reading a run, failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// Data could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A checkpoint could not be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The model is given the answers.
    #[error(transparent)]
    SeesAnswer(#[from] crate::SeesAnswer),
    /// The loss is no number.
    #[error("{0}")]
    NotFinite(Box<NotFinite>),
    /// Task, loss, targets, model and batches do not fit together.
    #[error("{0}")]
    Mismatch(Box<Mismatch>),
    /// The event log could not be written.
    #[error(
        "GB0510 × {}: the log cannot be written: {source}\n  help: check free space and permissions; \
         checkpoints are untouched, `glassbox resume` goes on from them",
        path.display()
    )]
    Log {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// What recurrent layers carried from batch to batch does not fit.
    #[error(
        "GB0515 × the state that recurrent layers carried does not fit\n  expected: states of shape \
         {expected}\n  found: {found}\n  help: go on with the batch size and the model of the \
         interrupted run, or train anew"
    )]
    Carried {
        /// The shapes that the model and the batches need.
        expected: String,
        /// Those of the saved state.
        found: String,
    },
    /// A run folder could not be read or written.
    #[error(
        "GB0511 × {}: expected a run folder, found: {source}\n  help: check the path and its \
         permissions; `glassbox runs ls` lists the runs",
        path.display()
    )]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl TrainError {
    pub(crate) fn folder(path: &Path, source: io::Error) -> Self {
        Self::Folder { path: path.into(), source }
    }
}

/// What does not fit together in a training or an evaluation, found before its first step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The code, `GB0410` to `GB0414`, which `glassbox explain` knows.
    pub code: &'static str,
    /// What does not fit.
    pub what: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, what, expected, found, help } = self;
        write!(f, "{code} × {what}\n  expected: {expected}\n  found: {found}\n  help: {help}")
    }
}

/// A loss that is no number, and what is known of its cause.
#[derive(Clone, Debug, PartialEq)]
pub struct NotFinite {
    /// The loss: NaN or infinite.
    pub loss: f64,
    /// The optimizer step, from 1.
    pub step: u64,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The first parameter that holds a value which is not finite.
    pub parameter: Option<String>,
    /// The learning rate of the step before.
    pub learning_rate: f64,
}

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { loss, step, epoch, parameter, learning_rate } = self;
        let what = if loss.is_nan() { "NaN" } else { "infinite" };
        write!(f, "GB0402 × loss became {what} at step {step} (epoch {epoch})")?;
        match parameter {
            Some(path) => {
                write!(
                    f,
                    "\n  first bad value: parameter {path}, after the update of step {}",
                    step - 1
                )?;
                let lower = learning_rate * 0.1;
                write!(f, "\n  help: train.clip = {{ type = \"norm\", max = 1.0 }}, or lr ")?;
                write!(f, "{learning_rate:e} → {lower:e}")
            }
            None => write!(
                f,
                "\n  first bad value: the loss itself; all parameters are finite\n  help: look for \
                 extreme values in this batch's data, normalize inputs, or lower the learning rate"
            ),
        }
    }
}
