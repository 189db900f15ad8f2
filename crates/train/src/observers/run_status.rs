//! Keeps `run.json` current: is the run alive, how far is it, how did it end?

use std::time::{Duration, Instant};

use crate::TrainError;
use crate::event::{Event, Flow, Observer, StopReason};
use crate::run_folder::{RunFolder, RunRecord, Status};

/// Writes the state of the run into its `run.json`, with a heartbeat while it lives.
pub struct RunStatus {
    folder: RunFolder,
    record: RunRecord,
    written: Instant,
}

/// The time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(5);

impl RunStatus {
    /// Keeps `record` in `folder`.
    pub fn new(folder: RunFolder, record: RunRecord) -> Self {
        Self { folder, record, written: Instant::now() }
    }

    fn write(&mut self) -> Result<(), TrainError> {
        self.written = Instant::now();
        self.folder.write_record(&mut self.record)
    }
}

impl Observer for RunStatus {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        match event {
            Event::RunStart(info) => {
                self.record.status = Status::Running;
                self.record.parameters = info.parameters;
                self.record.epochs = info.epochs;
                self.write()?;
            }
            Event::Step(report) => {
                self.record.step = report.step;
                if self.written.elapsed() >= HEARTBEAT {
                    self.write()?;
                }
            }
            Event::EpochEnd(report) => {
                (self.record.epoch, self.record.step) = (report.epoch, report.step);
                self.record.train = Some(report.train.clone());
                self.record.valid = report.valid.clone();
                if self.written.elapsed() >= HEARTBEAT {
                    self.write()?;
                }
            }
            Event::RunEnd(report) => {
                self.record.best = report.best.clone();
                self.record.stopped = report.stopped.clone();
                self.record.seconds += report.duration.as_secs_f64();
                self.record.status = match report.stopped {
                    Some(StopReason::Interrupted) => Status::Interrupted,
                    _ => Status::Finished,
                };
                self.write()?;
            }
            _ => {}
        }
        Ok(Flow::Continue)
    }
}
