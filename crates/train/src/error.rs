//! What can end training, for people.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use glassbox_nn::BadSettings;

use crate::checkpoint::CheckpointError;
use crate::data::DataError;
use crate::not_finite::NotFinite;
use crate::progress::Progress;
use crate::run_lock::Writer;
use crate::run_record::FailedAt;

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
    /// Settings with which training cannot work.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// The loss is no number.
    #[error("{0}")]
    NotFinite(Box<NotFinite>),
    /// Task, loss, targets, model and batches do not fit together.
    #[error("{0}")]
    Mismatch(Box<Mismatch>),
    /// The event log could not be written.
    #[error(
        "GB0510 × {}: the log cannot be written: {source}\n  help: check free space and permissions; \
         checkpoints are untouched, `glassbox resume` continues from them",
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
         {expected}\n  found: {found}\n  help: resume with the batch size and the model of the \
         interrupted run, or train again"
    )]
    Carried {
        /// The shapes that the model and the batches need.
        expected: String,
        /// Those of the saved state.
        found: String,
    },
    /// Another process trains this run.
    #[error(
        "GB0519 × {run} is being trained by another process\n  expected: one writer for a run\n  \
         found: {writer}\n  help: wait until it ends, or stop it{}; it saves before it ends",
        writer.how_to_stop()
    )]
    Busy {
        /// The run's name.
        run: String,
        /// The process.
        writer: Writer,
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
    /// Its code, `GB0402`.
    pub fn code(&self) -> String {
        self.to_string().chars().take(6).collect()
    }

    /// Where training was: the step that failed is the one after those that were made.
    pub fn place(&self, progress: &Progress) -> FailedAt {
        match self {
            Self::NotFinite(found) => FailedAt { epoch: found.epoch, step: found.step },
            _ => FailedAt { epoch: progress.epoch + 1, step: progress.step + 1 },
        }
    }

    /// What to set to get further, as `--set` takes it: of training that diverged.
    pub(crate) fn advice(&self) -> Option<Vec<String>> {
        match self {
            Self::NotFinite(found) => Some(found.circumstances.settings()),
            _ => None,
        }
    }

    pub(crate) fn folder(path: &Path, source: io::Error) -> Self {
        Self::Folder { path: path.into(), source }
    }
}

/// What does not fit together in a training or an evaluation, found before its first step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The code, such as `GB0410`, which `glassbox explain` knows.
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
