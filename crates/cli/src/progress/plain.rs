//! Progress as lines, for pipes, logs and simple terminals.

use std::time::{Duration, Instant};

use glassbox_train::{Event, Flow, Observer, StepReport, StepView, TrainError};

use super::Heading;
use super::pace::Pace;
use super::table::EpochTable;
use crate::format::{clock, score, thousands};
use crate::terminal::{say, say_wrapped, width};

/// The time between two lines within an epoch.
const INTERVAL: Duration = Duration::from_secs(10);

/// Prints a line an epoch, and one every ten seconds within long epochs.
pub struct Plain {
    heading: Heading,
    table: EpochTable,
    pace: Option<Pace>,
    shown: Instant,
}

impl Plain {
    /// Lines under this heading.
    pub fn new(heading: Heading) -> Self {
        let table = EpochTable::new(heading.task, &heading.monitor);
        Self { heading, table, pace: None, shown: Instant::now() }
    }

    fn within_epoch(&mut self, report: &StepReport, now: Instant) {
        let Some(pace) = &self.pace else { return };
        if now - self.shown < INTERVAL {
            return;
        }
        self.shown = now;
        say_wrapped(&step_line(pace, report, self.heading.item));
    }
}

/// `2/12  271/469  loss 0.3120  2,890 img/s  ETA 3:38 incl. validation`.
fn step_line(pace: &Pace, report: &StepReport, item: &str) -> String {
    let info = pace.info();
    format!(
        "{:>5}  step {}/{}  {}",
        format!("{}/{}", report.epoch, info.epochs),
        report.step_in_epoch,
        info.steps_per_epoch,
        facts(pace, report, item, None)
    )
}

/// `loss 0.3120  2,890 img/s  ETA 3:38 incl. validation`; in a line of `room` cells as many of these
/// facts as are whole, what remains to be trained before the speed.
pub fn facts(pace: &Pace, report: &StepReport, item: &str, room: Option<usize>) -> String {
    let loss = format!("loss {}", score(report.loss));
    let speed = pace.throughput();
    let speed = speed.map(|speed| format!("  {} {item}/s", thousands(speed.round() as u64)));
    let remaining = pace.remaining().map(|remaining| format!("  ETA {}", clock(remaining)));
    let validates = remaining.is_some() && pace.info().valid_batches > 0;
    let (speed, remaining) = (speed.unwrap_or_default(), remaining.unwrap_or_default());
    let whole = if validates { " incl. validation" } else { "" };
    let lines = [
        format!("{loss}{speed}{remaining}{whole}"),
        format!("{loss}{speed}{remaining}"),
        format!("{loss}{remaining}"),
        loss,
    ];
    let fits = |line: &String| room.is_none_or(|room| line.chars().count() <= room);
    lines.into_iter().find(fits).unwrap_or_default()
}

impl Observer for Plain {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        let now = Instant::now();
        if let Some(pace) = &mut self.pace {
            pace.note(event, now);
        }
        match event {
            Event::RunStart(info) => {
                say_wrapped(&self.heading.line(info));
                self.table.header(width()).iter().for_each(|header| say!("{header}"));
                self.pace = Some(Pace::new((*info).clone(), now));
                self.shown = now;
            }
            Event::Step(StepView { report, .. }) => self.within_epoch(report, now),
            Event::EpochEnd(report) => {
                let star = self.heading.has_star(report);
                say!("{}", self.table.row(report, star, width()));
                self.shown = now;
            }
            _ => {}
        }
        Ok(Flow::Continue)
    }
}
