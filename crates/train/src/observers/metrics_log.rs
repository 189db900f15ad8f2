//! The event log of a run: one JSON object a line, appended, never rewritten.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::TrainError;
use crate::event::{Event, Flow, Observer};
use crate::run_folder::RunFolder;

/// Appends scalars to `metrics.jsonl`.
///
/// Its length is part of the training state: a resumed run cuts what the interrupted one wrote
/// after its last checkpoint and writes the same again.
pub struct MetricsLog {
    path: PathBuf,
    every: u64,
    file: Option<BufWriter<File>>,
    length: u64,
}

impl MetricsLog {
    /// The log of `folder`, with a line every `every` steps and every epoch.
    pub fn new(folder: &RunFolder, every: u64) -> Self {
        Self { path: folder.metrics(), every: every.max(1), file: None, length: 0 }
    }

    fn open(&mut self) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.create(true).truncate(false).write(true).open(&self.path)?;
        file.set_len(self.length)?;
        file.seek(SeekFrom::End(0))?;
        self.file = Some(BufWriter::new(file));
        Ok(())
    }

    fn append(&mut self, line: &Value, flush: bool) -> std::io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let line = format!("{line}\n");
        file.write_all(line.as_bytes())?;
        self.length += line.len() as u64;
        if flush { file.flush() } else { Ok(()) }
    }

    fn record(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        match event {
            Event::RunStart(_) => self.open(),
            Event::Step(report) if report.step.is_multiple_of(self.every) => {
                let line = json!({
                    "event": "step",
                    "step": report.step,
                    "epoch": report.epoch,
                    "loss": report.loss,
                    "learning_rate": report.learning_rate,
                    "gradient_norm": report.gradient_norm,
                });
                self.append(&line, false)
            }
            Event::EpochEnd(report) => {
                let mut line = serde_json::to_value(report).map_err(std::io::Error::other)?;
                line["event"] = "epoch".into();
                self.append(&line, true)
            }
            // On disk before a checkpoint says how long the log is.
            Event::Save { .. } => self.file.as_mut().map_or(Ok(()), BufWriter::flush),
            _ => Ok(()),
        }
    }
}

impl Observer for MetricsLog {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        match self.record(event) {
            Ok(()) => Ok(Flow::Continue),
            Err(source) => Err(TrainError::Log { path: self.path.clone(), source }),
        }
    }

    fn state(&self) -> Option<(&'static str, Value)> {
        Some(("metrics_log", self.length.into()))
    }

    fn restore(&mut self, name: &str, value: &Value) {
        if let ("metrics_log", Some(length)) = (name, value.as_u64()) {
            self.length = length;
        }
    }
}
