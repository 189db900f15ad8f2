//! The table of epochs.

use std::borrow::Cow;

use glassbox_train::{EpochReport, Monitor, Task};

use crate::format::{clock, percent, rate, score};
use crate::layout::cut;

/// The columns of the table that fit the terminal, and their titles where these have changed.
#[derive(Clone, Debug)]
pub struct EpochTable {
    /// The validation score besides the loss.
    score: String,
    shown: Option<Vec<Cell>>,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Epoch,
    TrainLoss,
    ValidLoss,
    Score,
    Rate,
    Time,
}

impl Cell {
    /// In the order in which they stand.
    const ALL: [Self; 6] =
        [Self::Epoch, Self::TrainLoss, Self::ValidLoss, Self::Score, Self::Rate, Self::Time];
    /// In the order in which they are left out where there is no room.
    const DISPENSABLE: [Self; 4] = [Self::Time, Self::Rate, Self::TrainLoss, Self::Score];

    /// Cells of the terminal.
    fn width(self, score: &str) -> usize {
        match self {
            Self::Epoch => 5,
            Self::TrainLoss | Self::ValidLoss => 10,
            Self::Score => self.title(score).chars().count(),
            Self::Rate | Self::Time => 7,
        }
    }

    fn title(self, score: &str) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Epoch => "epoch",
            Self::TrainLoss => "train loss",
            Self::ValidLoss => "valid loss",
            Self::Score => return Cow::Owned(format!("valid {score}")),
            Self::Rate => "lr",
            Self::Time => "time",
        })
    }
}

/// Cells of the star and the blank before it.
const STAR: usize = 2;

impl EpochTable {
    /// A table for this task, with the validation score that is monitored: where that is the loss,
    /// or one of training, with the usual one.
    pub fn new(task: Task, monitor: &Monitor) -> Self {
        let usual = match task {
            Task::Classify => "accuracy",
            Task::Regress => "mae",
            Task::Generate => "perplexity",
        };
        let monitored = monitor.metric.strip_prefix("valid.").filter(|name| *name != "loss");
        Self { score: monitored.unwrap_or(usual).to_owned(), shown: None }
    }

    /// The titles, when they are not those that were shown last.
    pub fn header(&mut self, room: Option<usize>) -> Option<String> {
        let fitting = self.fitting(room);
        if self.shown.as_ref() == Some(&fitting) {
            return None;
        }
        let title = |cell: &Cell| self.aligned(&cell.title(&self.score), *cell);
        let titles = fitting.iter().map(title).collect::<Vec<_>>().join("  ");
        self.shown = Some(fitting);
        Some(titles)
    }

    /// An epoch's row, which has a star when it is the best so far; new titles stand above it when
    /// the terminal has become wider or narrower.
    pub fn row(&mut self, report: &EpochReport, star: bool, room: Option<usize>) -> String {
        let header = self.header(room);
        let valid = |name: &str| report.valid.as_ref().and_then(|scores| scores.get(name));
        let shown = |value: Option<f64>| value.map_or("–".into(), score);
        let text = |cell: &Cell| match cell {
            Cell::Epoch => report.epoch.to_string(),
            Cell::TrainLoss => shown(report.train.get("loss")),
            Cell::ValidLoss => shown(valid("loss")),
            Cell::Score if self.score == "accuracy" => {
                valid("accuracy").map_or("–".into(), percent)
            }
            Cell::Score => shown(valid(&self.score)),
            Cell::Rate => rate(report.learning_rate),
            Cell::Time => clock(report.duration),
        };
        let cells = self.shown.iter().flatten().map(|cell| self.aligned(&text(cell), *cell));
        let row = cells.collect::<Vec<_>>().join("  ") + if star { " ★" } else { "" };
        let row = cut(&row, room.unwrap_or(usize::MAX)).into_owned();
        header.map_or(row.clone(), |header| format!("{header}\n{row}"))
    }

    /// The columns that fit.
    fn fitting(&self, room: Option<usize>) -> Vec<Cell> {
        let mut cells = Cell::ALL.to_vec();
        for dispensable in Cell::DISPENSABLE {
            let needed: usize = cells.iter().map(|cell| cell.width(&self.score) + 2).sum();
            if room.is_none_or(|room| needed - 2 + STAR <= room) {
                break;
            }
            cells.retain(|cell| *cell != dispensable);
        }
        cells
    }

    fn aligned(&self, text: &str, cell: Cell) -> String {
        let width = cell.width(&self.score);
        format!("{text:>width$}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::layout::width;

    fn monitored(task: Task, monitor: &str) -> EpochTable {
        EpochTable::new(task, &Monitor { metric: monitor.into() })
    }

    fn report() -> EpochReport {
        EpochReport {
            epoch: 1,
            step: 469,
            train: [("loss", 0.4812), ("accuracy", 0.85)].into_iter().collect(),
            valid: Some([("loss", 0.3391), ("accuracy", 0.876)].into_iter().collect()),
            learning_rate: 8e-4,
            best: true,
            duration: Duration::from_secs(21),
        }
    }

    #[test]
    fn rows_stand_under_their_titles() {
        let without = EpochReport { valid: None, ..report() };
        let lines = [
            monitored(Task::Classify, "valid.loss").row(&report(), true, None),
            monitored(Task::Regress, "valid.loss").row(&without, false, Some(80)),
            monitored(Task::Classify, "valid.f1_macro").row(&report(), false, Some(80)),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        epoch  train loss  valid loss  valid accuracy       lr     time
            1      0.4812      0.3391          87.6 %   8.0e-4     0:21 ★
        epoch  train loss  valid loss  valid mae       lr     time
            1      0.4812           –          –   8.0e-4     0:21
        epoch  train loss  valid loss  valid f1_macro       lr     time
            1      0.4812      0.3391               –   8.0e-4     0:21
        ");
    }

    #[test]
    fn a_narrow_terminal_has_fewer_columns_and_a_wider_one_new_titles() {
        let mut table = monitored(Task::Classify, "valid.loss");
        let huge = EpochReport {
            train: [("loss", 2.9e35)].into_iter().collect(),
            valid: Some([("loss", 2.9e35), ("accuracy", 0.1)].into_iter().collect()),
            epoch: 123_456,
            duration: Duration::from_secs(400_000),
            ..report()
        };
        let lines = [
            table.row(&report(), true, Some(40)),
            table.row(&report(), true, Some(40)),
            table.row(&huge, true, Some(65)),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        epoch  valid loss  valid accuracy
            1      0.3391          87.6 % ★
            1      0.3391          87.6 % ★
        epoch  train loss  valid loss  valid accuracy       lr     time
        123456    2.900e35    2.900e35          10.0 %   8.0e-4  111:06:…
        ");
        for room in 20..70 {
            let text = monitored(Task::Classify, "valid.loss").row(&huge, true, Some(room));
            assert!(text.lines().all(|line| width(line) <= room), "{room}: {text}");
        }
    }
}
