//! How training is shown: a moving bar, plain lines, or JSON.

mod bar;
mod json;
mod pace;
mod plain;
mod table;

use glassbox_recipe::Experiment;
use glassbox_train::data::{InputReader, Prepared};
use glassbox_train::{
    Event, Flow, Observer, RunFolder, RunInfo, RunReport, Scores, Task, TrainError,
};

use crate::arguments::Progress;
use crate::format::thousands;

/// What is known before training begins.
#[derive(Clone, Debug)]
pub struct Heading {
    /// The experiment's name.
    pub name: String,
    /// The run's name.
    pub run: String,
    /// What is learned.
    pub task: Task,
    /// The seed.
    pub seed: u64,
    /// Whether the model learns to write text.
    pub writes_text: bool,
    /// What an item is: `img` or `items`.
    pub item: &'static str,
}

impl Heading {
    /// The heading of an experiment's run.
    pub fn new(experiment: &Experiment, data: &Prepared, folder: &RunFolder) -> Self {
        Self {
            name: experiment.run.name.clone(),
            run: folder.name(),
            task: experiment.run.task,
            seed: experiment.run.seed,
            writes_text: matches!(data.reader, InputReader::Text(_)),
            item: if data.dataset.is_image() { "img" } else { "items" },
        }
    }

    /// `fashion · 421,738 params · 469 steps/epoch · seed 7 · run 2026-11-23-fashion-3f2a`.
    fn line(&self, info: &RunInfo) -> String {
        let going_on = match info.start_step {
            0 => String::new(),
            step => format!(" · goes on after step {}", thousands(step)),
        };
        format!(
            "{} · {} params · {} steps/epoch · seed {} · run {}{going_on}",
            self.name,
            thousands(info.parameters as u64),
            thousands(info.steps_per_epoch as u64),
            self.seed,
            self.run,
        )
    }
}

/// Shows how training ended.
pub trait Ending {
    /// The user stopped it.
    fn interrupted(&self, folder: &RunFolder, report: &RunReport);
    /// It came to its end; `test` are the best weights' scores on the test items.
    fn finished(&self, folder: &RunFolder, report: &RunReport, test: Option<&Scores>);
}

/// The observer that shows training.
pub struct Watcher(Box<dyn Observer>);

impl Observer for Watcher {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        self.0.on(event)
    }
}

/// How training and its end are shown.
pub fn watch(mode: Progress, heading: Heading) -> (Watcher, Box<dyn Ending>) {
    let ending: Box<dyn Ending> = match mode {
        Progress::Json => Box::new(json::JsonEnding),
        _ => Box::new(table::TextEnding { writes_text: heading.writes_text }),
    };
    let watcher: Box<dyn Observer> = match mode {
        Progress::Bar => Box::new(bar::Bar::new(heading)),
        Progress::Plain => Box::new(plain::Plain::new(heading)),
        Progress::Json => Box::new(json::Json::new(heading)),
    };
    (Watcher(watcher), ending)
}
