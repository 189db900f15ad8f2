//! Where a run stands: everything about progress that must survive an interruption.

use serde::{Deserialize, Serialize};

use crate::accumulator::Accumulator;
use crate::event::Best;
use crate::schedule::PlateauState;

/// Where a run stands between two optimizer steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Epochs completed.
    pub epoch: usize,
    /// Batches of the current epoch already used.
    pub batch: usize,
    /// Optimizer steps made.
    pub step: u64,
    /// Sums over the current epoch's training samples.
    pub train: Accumulator,
    /// The best monitored score so far.
    pub best: Option<Best>,
    /// The loss of the first step, before anything was learned.
    #[serde(default)]
    pub first_loss: Option<f64>,
    /// The training loss of the last whole epoch.
    #[serde(default)]
    pub last_loss: Option<f64>,
    /// The learning rate of the last step.
    #[serde(default)]
    pub learning_rate: Option<f64>,
    /// Memory of a reduce-on-plateau schedule.
    pub plateau: PlateauState,
}
