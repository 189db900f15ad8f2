//! The event log of a run: one JSON object a line, appended, never rewritten.

use glassbox_train::{Event, Flow, Observer, StepView, TrainError};
use serde_json::{Value, json};

use super::append::AppendedLines;
use crate::run_folder::RunFolder;

/// Appends scalars to `metrics.jsonl`.
pub struct MetricsLog {
    lines: AppendedLines,
    every: u64,
}

impl MetricsLog {
    /// The log of `folder`, with a line every `every` steps and every epoch.
    pub fn new(folder: &RunFolder, every: u64) -> Self {
        Self { lines: AppendedLines::new("metrics_log", folder.metrics()), every: every.max(1) }
    }

    fn record(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        match event {
            Event::RunStart(_) => self.lines.open(),
            Event::Step(StepView { report, .. }) if report.step.is_multiple_of(self.every) => {
                self.lines.append(&json!({
                    "event": "step",
                    "step": report.step,
                    "epoch": report.epoch,
                    "loss": report.loss,
                    "learning_rate": report.learning_rate,
                    "gradient_norm": report.gradient_norm,
                }))
            }
            Event::EpochEnd(report) => {
                let mut line = serde_json::to_value(report).map_err(std::io::Error::other)?;
                line["event"] = "epoch".into();
                self.lines.append(&line)?;
                self.lines.flush()
            }
            Event::Failed { error, progress } => {
                let at = error.place(progress);
                self.lines.append(&json!({
                    "event": "error",
                    "code": error.code(),
                    "step": at.step,
                    "epoch": at.epoch,
                    "message": error.to_string(),
                }))?;
                self.lines.flush()
            }
            // On disk before a checkpoint says how long the log is.
            Event::Save { .. } => self.lines.flush(),
            _ => Ok(()),
        }
    }
}

impl Observer for MetricsLog {
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
