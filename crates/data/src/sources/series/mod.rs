//! Time series in CSV files: windows of what was, and what came next.

mod columns;
mod schema;
mod time;
use std::path::{Path, PathBuf};

use glassbox_train::data::error::{DataError, DataErrorCode};
use glassbox_train::data::{Baseline, Dataset, InputStore, Naive, Targets};
use serde::{Deserialize, Serialize};

use self::columns::{Columns, Format};
use self::time::{Order, found_time, same_step};
use super::csv::{Column, ColumnRef, Header, infer};
use super::{InputReader, Loaded};
use crate::files::MAX_BYTES;

pub use schema::SeriesSchema;
pub use time::Gaps;

/// A CSV file, one step a row. Every item is a window `[window, features]`
/// of the series; its targets are the `horizon` values of one column that come after it.
///
/// Rows are in the order of the time column: sorted, and it is said, where the file has them in
/// another order. Two rows of one time are an error; for steps that are missing or uneven, `gaps`
/// says what to do.
///
/// A split cuts the series into a past to train on, what comes after it to validate, and the end
/// to test. Windows that would reach over a cut are left out: no value, seen or to be predicted,
/// is in two parts, and normalization is fitted on the past alone, so that nothing later can
/// influence the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeriesConfig {
    /// The file.
    pub path: PathBuf,
    /// What separates cells; when absent, the first rows show it.
    pub delimiter: Option<char>,
    /// Whether the first row names the columns.
    pub header: Header,
    /// What stands before decimals, `.` or `,`; when absent, each column shows it.
    pub decimal: Option<char>,
    /// Whether the day stands before the month in dates such as 1/2/2024; when absent, each column
    /// shows it.
    pub day_first: Option<bool>,
    /// The column to predict; the first column of numbers when absent.
    pub target: Option<ColumnRef>,
    /// The columns to predict from, in order; when empty, all columns of numbers, the target
    /// included.
    pub features: Vec<ColumnRef>,
    /// The column that says when, in numbers or dates: it is not learned from. When absent, the
    /// first column of dates.
    pub time: Option<ColumnRef>,
    /// What to do where steps are missing or uneven.
    pub gaps: Gaps,
    /// Steps that are seen.
    pub window: usize,
    /// Steps that are predicted.
    pub horizon: usize,
    /// Steps after which the series about repeats, for a baseline that repeats it.
    pub season: Option<usize>,
}

impl Default for SeriesConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            delimiter: None,
            header: Header::default(),
            decimal: None,
            day_first: None,
            target: None,
            features: Vec::new(),
            time: None,
            gaps: Gaps::default(),
            window: 24,
            horizon: 1,
            season: None,
        }
    }
}

impl SeriesConfig {
    /// Reads the series and cuts it into windows.
    ///
    /// # Errors
    /// When the file is damaged, a value is missing or no number, steps are missing, or the series
    /// is too short for a window.
    pub fn load(&self, base_dir: &Path) -> Result<Loaded, DataError> {
        self.read(&base_dir.join(&self.path), &[], None)
    }

    /// Reads a series with nothing left to infer: what the columns are and how long a step is, is
    /// known from training.
    pub(in crate::sources) fn load_known(
        &self,
        base_dir: &Path,
        schema: &SeriesSchema,
    ) -> Result<Loaded, DataError> {
        let target = self.target.as_ref().or(schema.target.as_ref());
        let target = target.or(schema.features.first()).cloned();
        let config = Self { target, ..schema.applied_to(self) };
        config.read(&base_dir.join(&self.path), &schema.columns, schema.step)
    }

    /// Reads a file whose columns may be known from training, as may the length of a step.
    fn read(&self, path: &Path, known: &[Column], step: Option<f64>) -> Result<Loaded, DataError> {
        self.check()?;
        let mut columns = Columns::read(&self.format(path, known))?;
        let mut notes = std::mem::take(&mut columns.head.notes);
        let find = |columns: &Columns, key: &str, column: &ColumnRef| {
            infer::find(key, column, &columns.head, path)
        };
        let given = self.features.iter().chain(&self.target);
        let given = given.map(|column| find(&columns, "features", column));
        let given = given.collect::<Result<Vec<_>, _>>().or_else(|error| match &self.target {
            // The target has a message of its own.
            Some(target) => find(&columns, "target", target).and(Err(error)),
            None => Err(error),
        })?;
        let time = match &self.time {
            Some(column) => Some(find(&columns, "time", column)?),
            None => found_time(&columns, &given, &mut notes),
        };
        let mut order = match time {
            Some(time) => time::order(&mut columns, time, self.gaps, path)?,
            None => Order::default(),
        };
        notes.append(&mut order.notes);
        let dates = time.is_some_and(|time| columns.has_dates(time));
        same_step(step, order.step, dates, path)?;
        let features = match self.features.as_slice() {
            [] => self.numeric(&columns, time, &mut notes),
            features => given[..features.len()].to_vec(),
        };
        let target = match &self.target {
            Some(_) => given.last().copied(),
            None => features.first().copied(),
        };
        let Some(target) = target else {
            return Err(DataError::new(DataErrorCode::Column, "no column has numbers to predict")
                .file(path)
                .expected("at least one column of numbers")
                .found(columns.head.names.join(", "))
                .help("check the delimiter and `time`"));
        };
        let inputs =
            features.iter().map(|&index| columns.values(index)).collect::<Result<Vec<_>, _>>()?;
        let series = columns.values(target)?;
        let name = &columns.head.names[target];
        if let Some(first) = series.first()
            && series.iter().all(|value| value == first)
        {
            notes.push(format!(
                "the target {name:?} is {first} in every row: there is nothing to learn"
            ));
        }
        let firsts = self.firsts(&inputs, series, &order.breaks, name, path)?;
        let dataset = self.dataset(&inputs, series, name, &firsts, path)?;
        let schema = self.schema(&columns, &features, target, time, order.step);
        Ok(Loaded::new(dataset, InputReader::Series(schema), notes))
    }

    fn format<'a>(&self, path: &'a Path, known: &'a [Column]) -> Format<'a> {
        let (delimiter, header) = (self.delimiter, self.header);
        Format { path, delimiter, header, decimal: self.decimal, day_first: self.day_first, known }
    }

    fn schema(
        &self,
        columns: &Columns,
        features: &[usize],
        target: usize,
        time: Option<usize>,
        step: Option<f64>,
    ) -> SeriesSchema {
        let mut used: Vec<usize> = features.to_vec();
        used.extend([target].into_iter().chain(time).filter(|index| !features.contains(index)));
        let reference = |index: usize| columns.head.reference(index);
        SeriesSchema {
            delimiter: columns.head.delimiter,
            header: columns.head.header,
            features: features.iter().map(|&index| reference(index)).collect(),
            window: self.window,
            target: Some(reference(target)),
            horizon: self.horizon,
            time: time.map(reference),
            season: self.season,
            columns: used.iter().filter_map(|&index| columns.column(index)).collect(),
            gaps: self.gaps,
            step,
        }
    }

    /// The first row that is predicted: all before it is seen, by the model or by a baseline.
    fn start(&self) -> usize {
        self.window.max(self.season.unwrap_or(0))
    }

    fn check(&self) -> Result<(), DataError> {
        const MOST: usize = 1 << 20;
        let keys = [
            ("window", self.window),
            ("horizon", self.horizon),
            ("season", self.season.unwrap_or(1)),
        ];
        match keys.into_iter().find(|(_, steps)| !(1..=MOST).contains(steps)) {
            None => Ok(()),
            Some((key, steps)) => {
                let message = format!("`{key}` of the series is impossible");
                let error = DataError::new(DataErrorCode::Source, message);
                Err(error.expected("1 to 1,048,576 steps").found(steps))
            }
        }
    }

    /// All columns of numbers but that of the time. A column without any number is left out.
    fn numeric(
        &self,
        columns: &Columns,
        time: Option<usize>,
        notes: &mut Vec<String>,
    ) -> Vec<usize> {
        let (numbers, others): (Vec<_>, Vec<_>) = (0..columns.head.names.len())
            .filter(|&index| Some(index) != time)
            .partition(|&index| columns.has_numbers(index) && !columns.is_index(index));
        for index in others {
            let name = &columns.head.names[index];
            let why = match columns.is_index(index) {
                true => "has no name and numbers the rows: it is left out",
                false if time.is_none() => {
                    "has neither numbers nor dates and is left out: rows are taken in their order"
                }
                false => "has no numbers and is left out",
            };
            notes.push(format!("the column {name:?} {why}"));
        }
        numbers
    }

    /// The first rows that windows predict: those before which there are enough to see, without a
    /// break among all that a window sees or predicts.
    fn firsts(
        &self,
        inputs: &[&[f64]],
        series: &[f64],
        breaks: &[usize],
        target: &str,
        path: &Path,
    ) -> Result<Vec<usize>, DataError> {
        let rows = series.len();
        let (start, needed) = (self.start(), self.start() + self.horizon);
        let whole = |&first: &usize| {
            let (seen, end) = (first - start, first + self.horizon);
            // The first break after the first row that is seen.
            let next = breaks.partition_point(|&at| at <= seen);
            breaks.get(next).is_none_or(|&at| at >= end)
        };
        let firsts: Vec<usize> =
            (start..(rows + 1).saturating_sub(self.horizon)).filter(whole).collect();
        if firsts.is_empty() {
            let season = match self.season {
                Some(season) if season > self.window => format!("season = {season}"),
                _ => format!("window = {}", self.window),
            };
            let between = if breaks.is_empty() { "" } else { ", without a gap among them" };
            return Err(DataError::new(DataErrorCode::Empty, "the series is too short")
                .file(path)
                .column(target)
                .expected(format!(
                    "{needed} steps or more: {season} + horizon = {}{between}",
                    self.horizon
                ))
                .found(rows)
                .help("lower `window` or `horizon`, or add to the series"));
        }
        let values = (self.window as u64 * inputs.len() as u64).max(3 * self.horizon as u64);
        if values.saturating_mul(8 * firsts.len() as u64) > MAX_BYTES {
            return Err(DataError::new(DataErrorCode::TooLarge, "the windows are too large")
                .file(path)
                .expected(format!("at most {MAX_BYTES} bytes in memory"))
                .found(format!("{} windows of {values} values", firsts.len()))
                .help("lower `window` or `horizon`"));
        }
        Ok(firsts)
    }

    fn dataset(
        &self,
        inputs: &[&[f64]],
        series: &[f64],
        target: &str,
        firsts: &[usize],
        path: &Path,
    ) -> Result<Dataset, DataError> {
        let horizon = self.horizon;
        let mut seen = Vec::with_capacity(firsts.len() * self.window * inputs.len());
        for &first in firsts {
            for row in first - self.window..first {
                seen.extend(inputs.iter().map(|column| column[row]));
            }
        }
        let predicted = |row: &dyn Fn(usize, usize) -> usize| -> Vec<f64> {
            let places =
                firsts.iter().flat_map(|&first| (0..horizon).map(move |step| (first, step)));
            places.map(|(first, step)| series[row(first, step)]).collect()
        };
        let names = match horizon {
            1 => vec![target.to_owned()],
            _ => (1..=horizon).map(|step| format!("{target} +{step}")).collect(),
        };
        let values = predicted(&|first, step| first + step);
        let targets = Targets::Values { values, width: horizon, names };
        let name = path.file_stem().map_or("series".into(), |name| name.to_string_lossy());
        let shape = [self.window, inputs.len()];
        let mut dataset = Dataset::new(name, shape, InputStore::F64(seen), targets)
            .map_err(|error| error.file(path))?
            .in_order_sharing(self.window + horizon - 1);
        for (naive, season) in [(Naive::Last, Some(1)), (Naive::Season, self.season)] {
            if let Some(season) = season {
                let values = predicted(&|first, step| naive.row(first, step, season));
                dataset = dataset.with_baseline(Baseline { naive, values });
            }
        }
        Ok(dataset)
    }
}

#[cfg(test)]
mod tests;
