//! Progress as a moving bar under the table of epochs, which stays in the scrollback.

use std::time::{Duration, Instant};

use glassbox_train::{Event, Flow, Observer, RunInfo, StepView, TrainError};
use indicatif::{ProgressBar, ProgressStyle};

use super::Heading;
use super::pace::Pace;
use super::plain::facts;
use super::table::EpochTable;
use crate::interrupt;
use crate::terminal::{complain, output_colors, say, say_wrapped, width};

/// The time between two movements of the bar.
const INTERVAL: Duration = Duration::from_millis(60);

/// A moving bar, one for each epoch.
pub struct Bar {
    heading: Heading,
    table: EpochTable,
    pace: Option<Pace>,
    bar: ProgressBar,
    shown: Option<Instant>,
    /// The width for which the bar was laid out.
    room: Option<usize>,
}

/// Cells that a bar of full length needs, and one of a few cells.
const FULL: usize = 76;
const SHORT: usize = 44;

/// The cells of the bar and the space after it where a line has `room` cells.
fn bar_cells(room: Option<usize>) -> usize {
    match room.unwrap_or(FULL) {
        FULL.. => 21,
        SHORT.. => 9,
        _ => 0,
    }
}

/// What is in the line of the bar where a line has `room` cells.
fn template(room: Option<usize>, color: &str) -> String {
    let bar = match bar_cells(room) {
        0 => String::new(),
        cells => format!("{{bar:{}{color}}} ", cells - 1),
    };
    format!("{{prefix:>6}} {bar}{{pos}}/{{len}}  {{wide_msg}}")
}

impl Bar {
    /// A bar under this heading.
    pub fn new(heading: Heading) -> Self {
        let table = EpochTable::new(heading.task, &heading.monitor);
        Self { heading, table, pace: None, bar: ProgressBar::hidden(), shown: None, room: None }
    }

    fn start(&mut self, info: &RunInfo, now: Instant) {
        say_wrapped(&self.heading.line(info));
        self.table.header(width()).iter().for_each(|header| say!("{header}"));
        self.pace = Some(Pace::new(info.clone(), now));
        self.bar = ProgressBar::new(info.steps_per_epoch as u64);
        let bar = self.bar.clone();
        interrupt::announce_with(move |text| bar.suspend(|| complain!("{text}")));
        self.lay_out(width());
    }

    /// Fits the bar to the terminal.
    fn lay_out(&mut self, room: Option<usize>) {
        let color = if output_colors() { ".cyan" } else { "" };
        if let Ok(style) = ProgressStyle::with_template(&template(room, color)) {
            self.bar.set_style(style.progress_chars("━╸─"));
        }
        self.room = room;
    }

    /// The cells of the line that are not the message's.
    fn taken(&self) -> usize {
        let prefix = self.bar.prefix().chars().count().max(6);
        let length = self.bar.length().unwrap_or(0).to_string().len();
        prefix + 1 + bar_cells(self.room) + 2 * length + 1 + 2
    }

    /// Whether enough time has passed to show something new: drawing must not slow small models.
    fn due(&mut self, now: Instant) -> bool {
        let due = self.shown.is_none_or(|shown| now - shown >= INTERVAL);
        if due {
            self.shown = Some(now);
            let room = width();
            if room != self.room {
                self.lay_out(room);
            }
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
            Event::Step(StepView { report, .. }) if self.due(now) => {
                let Some(pace) = &self.pace else { return Ok(Flow::Continue) };
                let room = self.room.map(|room| room.saturating_sub(self.taken()));
                self.bar.set_message(facts(pace, report, self.heading.item, room));
                self.bar.set_position(report.step_in_epoch as u64);
            }
            Event::Validation { done, total } if self.due(now) => {
                self.bar.set_message(format!("validation {done}/{total}"));
            }
            Event::EpochEnd(report) => {
                let row = self.table.row(report, self.heading.has_star(report), width());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_terminal_has_a_short_bar_or_none() {
        assert!(template(None, "").contains("{bar:20}"));
        assert!(template(Some(80), ".cyan").contains("{bar:20.cyan}"));
        assert!(template(Some(60), "").contains("{bar:8}"));
        assert!(!template(Some(40), "").contains("bar"));
        for room in [None, Some(60), Some(40)] {
            assert!(ProgressStyle::with_template(&template(room, "")).is_ok());
        }
    }
}
