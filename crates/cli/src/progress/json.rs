//! Progress as one JSON object a line, for programs.

use glassbox_data::Yardstick;
use glassbox_runs::RunFolder;
use glassbox_train::{Event, Flow, Observer, RunReport, StepView, TrainError};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Ending, Heading, Outcome};
use crate::terminal::say;

/// Prints every event.
pub struct Json {
    heading: Heading,
}

impl Json {
    /// Events of the run with this heading.
    pub fn new(heading: Heading) -> Self {
        Self { heading }
    }
}

/// The object of an event: its name first, then what it reports.
fn object(event: &str, report: &impl Serialize) -> Value {
    let mut object = json!({ "event": event });
    let report = serde_json::to_value(report).unwrap_or_default();
    if let (Value::Object(object), Value::Object(report)) = (&mut object, report) {
        object.extend(report);
    }
    object
}

impl Observer for Json {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        match event {
            Event::RunStart(info) => {
                let mut object = object("run_start", info);
                object["run"] = self.heading.run.clone().into();
                object["name"] = self.heading.name.clone().into();
                object["seed"] = self.heading.seed.into();
                say!("{object}");
            }
            Event::EpochStart { epoch } => {
                say!("{}", json!({ "event": "epoch_start", "epoch": epoch }))
            }
            Event::Step(StepView { report, .. }) => say!("{}", object("step", report)),
            Event::Validation { done, total } => {
                say!("{}", json!({ "event": "validation", "done": done, "total": total }));
            }
            Event::EpochEnd(report) => say!("{}", object("epoch_end", report)),
            Event::Stopped(reason) => say!("{}", json!({ "event": "stopped", "reason": reason })),
            Event::RunEnd(report) => say!("{}", object("run_end", report)),
            _ => {}
        }
        Ok(Flow::Continue)
    }
}

/// The end of training as an object.
pub struct JsonEnding {
    /// What needs no learning.
    pub yardstick: Option<Yardstick>,
}

impl Ending for JsonEnding {
    fn interrupted(&self, folder: &RunFolder, report: &RunReport) {
        let path = folder.path();
        say!("{}", json!({ "event": "interrupted", "step": report.steps, "path": path }));
    }

    fn finished(&self, folder: &RunFolder, report: &RunReport, outcome: &Outcome<'_>) {
        let baseline = self.yardstick.as_ref().map(Yardstick::scores);
        let object = json!({
            "event": "finished",
            "best": report.best,
            "test": outcome.test,
            "baseline": baseline,
            "verdict": outcome.verdict,
            "warning": outcome.growth.map(|growth| &growth.text),
            "advice": outcome.growth.map(|growth| &growth.advice),
            "path": folder.path(),
        });
        say!("{object}");
    }
}
