//! How training is shown: a moving bar, plain lines, or JSON.

mod bar;
mod ending;
mod json;
mod pace;
mod plain;
mod table;
use glassbox_data::{Prepared, Yardstick};
use glassbox_recipe::Experiment;
use glassbox_runs::RunFolder;
use glassbox_train::{
    EpochReport, Event, Flow, Growth, Monitor, Observer, RunInfo, RunReport, Scores, Task,
    TrainError,
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
    /// What decides which weights are the best.
    pub monitor: Monitor,
    /// The seed.
    pub seed: u64,
    /// What the model can be used for.
    pub uses: ending::Use,
    /// What needs no learning.
    pub yardstick: Option<Yardstick>,
    /// What an item is: `img` or `items`.
    pub item: &'static str,
}

impl Heading {
    /// The heading of an experiment's run.
    pub fn new(
        experiment: &Experiment,
        data: &Prepared,
        folder: &RunFolder,
        yardstick: Option<Yardstick>,
    ) -> Self {
        let writes_text = experiment.run.task == Task::Generate;
        Self {
            name: experiment.run.name.clone(),
            run: folder.name(),
            task: experiment.run.task,
            monitor: experiment.train.monitor.clone(),
            seed: experiment.run.seed,
            uses: ending::Use::of(&data.reader, writes_text),
            yardstick,
            item: if data.dataset.is_image() { "img" } else { "items" },
        }
    }

    /// Whether an epoch has a star: it is the best so far, and better than what needs no learning.
    fn has_star(&self, report: &EpochReport) -> bool {
        let beats =
            |yardstick: &Yardstick| yardstick.is_beaten(&report.train, report.valid.as_ref());
        report.best && self.yardstick.as_ref().is_none_or(beats)
    }

    /// `fashion · 421,738 params · 469 steps/epoch · seed 7 · run 2026-11-23-fashion-3f2a`.
    fn line(&self, info: &RunInfo) -> String {
        let going_on = match info.start_step {
            0 => String::new(),
            step => format!(" · resumes after step {}", thousands(step)),
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

/// What came of training.
pub struct Outcome<'a> {
    /// The best weights' scores on the test items, where there are some.
    pub test: Option<&'a Scores>,
    /// That the model is no better than what needs no learning, where it is not.
    pub verdict: Option<&'a str>,
    /// That the loss grew all the way, where it did, and what helps.
    pub growth: Option<&'a Growth>,
}

/// Shows how training ended.
pub trait Ending {
    /// The user stopped it.
    fn interrupted(&self, folder: &RunFolder, report: &RunReport);
    /// It came to its end.
    fn finished(&self, folder: &RunFolder, report: &RunReport, outcome: &Outcome<'_>);
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
        Progress::Json => Box::new(json::JsonEnding { yardstick: heading.yardstick.clone() }),
        _ => Box::new(ending::TextEnding {
            uses: heading.uses,
            yardstick: heading.yardstick.clone(),
        }),
    };
    let watcher: Box<dyn Observer> = match mode {
        Progress::Bar => Box::new(bar::Bar::new(heading)),
        Progress::Plain => Box::new(plain::Plain::new(heading)),
        Progress::Json => Box::new(json::Json::new(heading)),
    };
    (Watcher(watcher), ending)
}
