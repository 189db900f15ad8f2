//! What can end training, for people.

use std::fmt;

use glassbox_nn::BadSettings;
use serde::{Deserialize, Serialize};

use crate::data::DataError;
use crate::not_finite::NotFinite;
use crate::progress::Progress;
use crate::saved_state::CheckpointError;

/// Why training, or reading a run, failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// Data could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A saved state is of another model or optimizer.
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
    /// An observer could not do its work: write to a full disk, say.
    #[error(transparent)]
    Observer(Box<dyn std::error::Error + Send + Sync>),
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
    pub fn advice(&self) -> Option<Vec<String>> {
        match self {
            Self::NotFinite(found) => Some(found.circumstances.settings()),
            _ => None,
        }
    }
}

/// Where training failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedAt {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The optimizer step, from 1.
    pub step: u64,
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
