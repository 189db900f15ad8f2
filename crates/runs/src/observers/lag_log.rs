//! Keeps how far back in time the error reaches, epoch by epoch.

use glassbox_nn::Loss;
use glassbox_train::data::Batch;
use glassbox_train::{Event, Flow, LayerLags, Observer, TrainError, gradient_by_lag};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::append::AppendedLines;
use crate::run_folder::RunFolder;

/// Appends the gradient norms by time lag to `lags.jsonl`: before training, and after every epoch,
/// always on the same batch. Training itself is not changed by it.
pub struct LagLog {
    lines: AppendedLines,
    loss: Loss,
    batch: Batch,
}

/// A line of `lags.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochLags {
    /// Epochs trained so far.
    pub epoch: usize,
    /// The recurrent layers, in the order in which they run.
    pub layers: Vec<LayerLags>,
}

impl LagLog {
    /// The log of `folder`: the norms of the loss on `batch`.
    pub fn new(folder: &RunFolder, loss: Loss, batch: Batch) -> Self {
        Self { lines: AppendedLines::new("lag_log", folder.lags()), loss, batch }
    }

    fn record(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        match event {
            Event::RunStart(_) => self.lines.open(),
            Event::Model { epoch, model } => {
                let layers = gradient_by_lag(*model, &self.loss, &self.batch);
                let line = EpochLags { epoch: *epoch, layers };
                let line = serde_json::to_value(line).map_err(std::io::Error::other)?;
                self.lines.append(&line)?;
                self.lines.flush()
            }
            _ => Ok(()),
        }
    }
}

impl Observer for LagLog {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        let outcome = self.record(event);
        self.lines.flow(outcome)
    }

    fn state(&self) -> Option<(&'static str, Value)> {
        self.lines.state()
    }

    fn restore(&mut self, name: &str, value: &Value) {
        self.lines.restore(name, value);
    }
}
