//! Keeps `run.json` current: is the run alive, how far is it, how did it end?

use std::time::{Duration, Instant};

use glassbox_train::{
    Event, Flow, Observer, Progress, StepReport, StepView, StopReason, TrainError,
};

use crate::run_folder::RunFolder;
use crate::run_record::{RunRecord, Status};

/// Writes the state of the run into its `run.json`, with a heartbeat while it lives.
pub struct RunStatus {
    folder: RunFolder,
    record: RunRecord,
    started: Instant,
    written: Instant,
}

/// The time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// The least time between the records of two epochs.
const SHORTEST: Duration = Duration::from_secs(1);

impl RunStatus {
    /// Keeps `record` in `folder`.
    pub fn new(folder: RunFolder, record: RunRecord) -> Self {
        let now = Instant::now();
        Self { folder, record, started: now, written: now }
    }

    fn write(&mut self) -> Result<(), TrainError> {
        self.written = Instant::now();
        Ok(self.folder.write_record(&mut self.record)?)
    }

    fn write_after(&mut self, time: Duration) -> Result<(), TrainError> {
        if self.written.elapsed() >= time { self.write() } else { Ok(()) }
    }

    fn failed(&mut self, error: &TrainError, progress: &Progress) -> Result<(), TrainError> {
        let record = &mut self.record;
        (record.epoch, record.step) = (progress.epoch, progress.step);
        record.best.clone_from(&progress.best);
        record.status = Status::Failed;
        record.error = Some(error.to_string());
        record.failed_at = Some(error.place(progress));
        record.advice = error.advice();
        record.seconds += self.started.elapsed().as_secs_f64();
        self.write()
    }
}

impl Observer for RunStatus {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        match event {
            Event::RunStart(info) => {
                self.started = Instant::now();
                self.record.status = Status::Running;
                (self.record.error, self.record.failed_at) = (None, None);
                self.record.advice = None;
                self.record.parameters = info.parameters;
                self.record.epochs = info.epochs;
                self.write()?;
            }
            Event::Step(StepView { report: StepReport { step, .. }, .. })
            | Event::Skipped { step } => {
                self.record.step = *step;
                self.write_after(HEARTBEAT)?;
            }
            Event::Validation { .. } => self.write_after(HEARTBEAT)?,
            Event::EpochEnd(report) => {
                (self.record.epoch, self.record.step) = (report.epoch, report.step);
                self.record.train = Some(report.train.clone());
                self.record.valid = report.valid.clone();
            }
            Event::Save { snapshot, .. } => {
                self.record.best.clone_from(&snapshot.progress.best);
                self.write_after(SHORTEST)?;
            }
            Event::Failed { error, progress } => self.failed(error, progress)?,
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
