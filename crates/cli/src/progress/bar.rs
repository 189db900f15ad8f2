//! Progress as a moving bar under the table of epochs, which stays in the scrollback.

use std::time::{Duration, Instant};

use glassbox_train::{Event, Flow, Observer, RunInfo, TrainError};
use indicatif::{ProgressBar, ProgressStyle};

use super::pace::Pace;
use super::plain::facts;
use super::{Heading, table};
use crate::interrupt;
use crate::terminal::{complain, output_colors, say};

/// The time between two movements of the bar.
const INTERVAL: Duration = Duration::from_millis(60);

/// A moving bar, one for each epoch.
pub struct Bar {
    heading: Heading,
    pace: Option<Pace>,
    bar: ProgressBar,
    shown: Option<Instant>,
}

impl Bar {
    /// A bar under this heading.
    pub fn new(heading: Heading) -> Self {
        Self { heading, pace: None, bar: ProgressBar::hidden(), shown: None }
    }

    fn start(&mut self, info: &RunInfo, now: Instant) {
        say!("{}", self.heading.line(info));
        say!("{}", table::header(self.heading.task));
        self.pace = Some(Pace::new(info.clone(), now));
        self.bar = ProgressBar::new(info.steps_per_epoch as u64);
        let bar = self.bar.clone();
        interrupt::announce_with(move |text| bar.suspend(|| complain!("{text}")));
        let color = if output_colors() { ".cyan" } else { "" };
        let template = format!("{{prefix:>6}} {{bar:20{color}}} {{pos}}/{{len}}  {{msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            self.bar.set_style(style.progress_chars("━╸─"));
        }
    }

    /// Whether enough time has passed to show something new: drawing must not slow small models.
    fn due(&mut self, now: Instant) -> bool {
        let due = self.shown.is_none_or(|shown| now - shown >= INTERVAL);
        if due {
            self.shown = Some(now);
        }
        due
    }
}

impl Observer for Bar {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        let now = Instant::now();
        if let Some(pace) = &mut self.pace {
            pace.note(event, now);
        }
        match event {
            Event::RunStart(info) => self.start(info, now),
            Event::EpochStart { epoch } => {
                let epochs = self.pace.as_ref().map_or(0, |pace| pace.info().epochs);
                self.bar.set_prefix(format!("{epoch}/{epochs}"));
                self.bar.set_position(0);
            }
            Event::Step(report) if self.due(now) => {
                let Some(pace) = &self.pace else { return Ok(Flow::Continue) };
                self.bar.set_message(facts(pace, report, self.heading.item));
                self.bar.set_position(report.step_in_epoch as u64);
            }
            Event::Validation { done, total } if self.due(now) => {
                self.bar.set_message(format!("validation {done}/{total}"));
            }
            Event::EpochEnd(report) => {
                let row = table::row(self.heading.task, report);
                self.bar.suspend(|| say!("{row}"));
            }
            Event::RunEnd(_) => self.bar.finish_and_clear(),
            _ => {}
        }
        Ok(Flow::Continue)
    }
}

impl Drop for Bar {
    /// Training may end by an error as well: the bar goes before the error is told.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
