//! What can go wrong with the files of a run, for people.

use std::io;
use std::path::{Path, PathBuf};

use glassbox_train::{CheckpointError, TrainError};

use crate::run_lock::Writer;

/// Why a run could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A checkpoint could not be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
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

impl RunError {
    pub(crate) fn folder(path: &Path, source: io::Error) -> Self {
        Self::Folder { path: path.into(), source }
    }
}

/// An observer that writes a run down ends training with it.
impl From<RunError> for TrainError {
    fn from(error: RunError) -> Self {
        Self::Observer(Box::new(error))
    }
}
