//! Time runs forward: the rows of a series in the order of their times, and where some are missing.

use std::path::Path;

use glassbox_train::data::error::{DataError, DataErrorCode};
use serde::{Deserialize, Serialize};

use super::columns::Columns;

/// What to do where steps of a series are longer or shorter than the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gaps {
    /// Stop and name the place.
    #[default]
    Error,
    /// Cut the series there: no window reaches over a gap.
    Split,
    /// Take the rows as steps that follow each other: trading days, say.
    Join,
}

/// How the rows of a series follow each other.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Rows before which there is a gap.
    pub(super) breaks: Vec<usize>,
    /// The usual length of a step, in days for dates.
    pub(super) step: Option<f64>,
    pub(super) notes: Vec<String>,
}

/// Sorts the rows by the time column and looks for gaps.
///
/// The rule: rows are sorted, the oldest first, with a note when they were not; two rows of the
/// same time are an error; steps of less than half or more than one and a half of the usual length
/// (the median) are gaps, for which `gaps` says what to do. The allowance lets months of 28 to 31
/// days pass.
pub(super) fn order(
    columns: &mut Columns,
    time: usize,
    gaps: Gaps,
    path: &Path,
) -> Result<Order, DataError> {
    let mut out = Order::default();
    let name = columns.head.names[time].clone();
    let readable = columns.column(time).is_some() || columns.has_numbers(time);
    if !readable && !columns.means_dates(time) {
        out.notes.push(format!(
            "the time column {name:?} has neither numbers nor dates: rows are taken in their order"
        ));
        return Ok(out);
    }
    out.notes.extend(sort(columns, time, &name)?);
    let clock = Clock { columns, time, name: &name, path, times: columns.values(time)? };
    let steps: Vec<f64> = clock.times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if let Some(at) = steps.iter().position(|&step| step == 0.0) {
        return Err(clock.same_time(at));
    }
    let mut sorted = steps.clone();
    sorted.sort_by(f64::total_cmp);
    let Some(&step) = sorted.get(steps.len() / 2) else { return Ok(out) };
    out.step = Some(step);
    let is_even = |found: f64| found > 0.5 * step && found < 1.5 * step;
    let uneven: Vec<usize> = (0..steps.len()).filter(|&at| !is_even(steps[at])).collect();
    let Some(&first) = uneven.first() else { return Ok(out) };
    let (count, after) = (uneven.len(), clock.shown(clock.times[first]));
    match gaps {
        Gaps::Error => return Err(clock.uneven(first, count, step)),
        Gaps::Split => {
            out.breaks = uneven.iter().map(|at| at + 1).collect();
            let gaps = if count == 1 { "gap" } else { "gaps" };
            out.notes.push(format!("the series is cut at {count} {gaps}, the first after {after}"));
        }
        Gaps::Join => out.notes.push(format!(
            "{count} of {} steps are not of {}: rows are taken as if they were, the first after \
             {after}",
            steps.len(),
            clock.length(step)
        )),
    }
    Ok(out)
}

/// Puts the rows in the order of time; a note where they were in another.
fn sort(columns: &mut Columns, time: usize, name: &str) -> Result<Option<String>, DataError> {
    let unread = |error: DataError| match error.code {
        // It says which key tells day and month apart.
        DataErrorCode::AmbiguousDate => error,
        _ => error.help("correct it, or name another column as `time`"),
    };
    let times = columns.values(time).map_err(unread)?;
    let misplaced = times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    if misplaced == 0 {
        return Ok(None);
    }
    let is_reversed = misplaced + 1 == times.len();
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
    columns.sort(&order);
    Ok(Some(match is_reversed {
        true => format!("the newest row is the first: rows are sorted by {name:?}"),
        false => format!("rows are not in the order of time: they are sorted by {name:?}"),
    }))
}

/// The time column of a series in order, for errors.
struct Clock<'a> {
    columns: &'a Columns,
    time: usize,
    name: &'a str,
    path: &'a Path,
    times: &'a [f64],
}

impl Clock<'_> {
    fn shown(&self, value: f64) -> String {
        match self.columns.has_dates(self.time) {
            true => self.columns.shown_date(self.time, value),
            false => value.to_string(),
        }
    }

    /// The length of a step.
    fn length(&self, step: f64) -> String {
        if self.columns.has_dates(self.time) { duration(step) } else { rounded(step) }
    }

    fn error(&self, code: DataErrorCode, message: &str, row: usize) -> DataError {
        let line = self.columns.lines[row];
        DataError::new(code, message).file(self.path).line(line).column(self.name)
    }

    /// Row `at` and the next one have the same time.
    fn same_time(&self, at: usize) -> DataError {
        let message = "two rows of the series have the same time";
        self.error(DataErrorCode::SameTime, message, at + 1)
            .expected("one row for each time")
            .found(format!(
                "{} in lines {} and {}",
                self.shown(self.times[at]),
                self.columns.lines[at],
                self.columns.lines[at + 1]
            ))
            .help(
                "keep one of them, or write their mean; write several series to files of their \
                 own, a date and its time of day to one column, and local times with their zone \
                 where clocks are set back",
            )
    }

    /// The step after row `at`, the first of `count`, is not about `step` long.
    fn uneven(&self, at: usize, count: usize, step: f64) -> DataError {
        let before = self.times[at];
        let more = match count {
            1 => String::new(),
            count => format!("; {count} of {} steps are not even", self.times.len() - 1),
        };
        self.error(DataErrorCode::Gap, "the steps of the series are not even", at + 1)
            .expected(format!(
                "{}, a step of {} after {}",
                self.shown(before + step),
                self.length(step),
                self.shown(before)
            ))
            .found(format!("{}{more}", self.shown(self.times[at + 1])))
            .help(
                "fill in the rows that are missing; or set gaps = \"split\", so that no window \
                 reaches over a gap, or gaps = \"join\", if rows follow each other anyway, as \
                 trading days do",
            )
    }
}

/// A number of days in the unit that suits it.
fn duration(days: f64) -> String {
    const UNITS: [(&str, f64); 4] =
        [("day", 1.0), ("hour", 24.0), ("minute", 1440.0), ("second", 86_400.0)];
    // Times are read to about a microsecond, so that an hour is a little more or less.
    let (unit, count) = UNITS
        .map(|(unit, per_day)| (unit, days * per_day))
        .into_iter()
        .find(|(_, count)| *count > 0.9999)
        .unwrap_or(("second", days * 86_400.0));
    match rounded(count).as_str() {
        "1" => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    }
}

/// To four digits, for people.
fn rounded(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The time column where a recipe names none: the first of dates. Numbers that look like times are
/// told of.
pub(super) fn found_time(
    columns: &Columns,
    used: &[usize],
    notes: &mut Vec<String>,
) -> Option<usize> {
    const NAMES: [&str; 9] =
        ["time", "date", "datetime", "timestamp", "year", "ds", "t", "when", "unix"];
    let free = |index: &usize| !used.contains(index);
    let all = 0..columns.head.names.len();
    let dates = all.clone().filter(free).find(|&index| columns.means_dates(index));
    if let Some(index) = dates {
        notes.push(format!(
            "the column {:?} has dates: rows follow each other as it says; `time` names another",
            columns.head.names[index]
        ));
        return Some(index);
    }
    let timed = all.filter(free).find(|&index| {
        let name = columns.head.names[index].to_lowercase();
        columns.head.header && columns.has_numbers(index) && NAMES.contains(&name.as_str())
    });
    if let Some(index) = timed {
        let name = &columns.head.names[index];
        let order = if columns.grows(index) { "" } else { ", whose values do not grow" };
        notes.push(format!(
            "rows are taken in their order, and the column {name:?}{order} is learned from: if it \
             says when, set time = {name:?}"
        ));
    }
    None
}

/// The steps are about as long as those of training.
pub(super) fn same_step(
    trained: Option<f64>,
    found: Option<f64>,
    dates: bool,
    path: &Path,
) -> Result<(), DataError> {
    let shown = |step: f64| if dates { duration(step) } else { rounded(step) };
    match (trained, found) {
        (Some(trained), Some(found)) if !(0.5 * trained..=1.5 * trained).contains(&found) => {
            let message = "the steps have another length than in training";
            Err(DataError::new(DataErrorCode::Gap, message)
                .file(path)
                .expected(format!("steps of about {}", shown(trained)))
                .found(shown(found))
                .help("give the series at the steps that the model was trained on"))
        }
        _ => Ok(()),
    }
}
