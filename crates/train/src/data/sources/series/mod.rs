//! Time series in CSV files: windows of what was, and what came next.

mod columns;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::columns::{Columns, even};
use super::csv::{ColumnRef, Header, infer};
use super::{InputReader, Loaded};
use crate::data::baseline::{Baseline, Naive};
use crate::data::dataset::Dataset;
use crate::data::error::{DataError, DataErrorCode};
use crate::data::files::MAX_BYTES;
use crate::data::store::InputStore;
use crate::data::targets::Targets;

/// A CSV file, UTF-8, one step a row, the oldest first. Every item is a window `[window, features]`
/// of the series; its targets are the `horizon` values of one column that come after it.
///
/// A split cuts the series into a past to train on, what comes after it to validate, and the end
/// to test. Windows that would reach over a cut are left out: no value, seen or to be predicted,
/// is in two parts, and normalisation is fitted on the past alone, so that nothing later can
/// influence the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeriesConfig {
    /// The file.
    pub path: PathBuf,
    /// What separates cells.
    pub delimiter: char,
    /// Whether the first row names the columns.
    pub header: Header,
    /// The column to predict; the first column of numbers when absent.
    pub target: Option<ColumnRef>,
    /// The columns to predict from, in order; when empty, all columns of numbers, the target
    /// included.
    pub features: Vec<ColumnRef>,
    /// The column that says when: it is not learned from. If it has numbers, they must be evenly
    /// spaced.
    pub time: Option<ColumnRef>,
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
            delimiter: ',',
            header: Header::default(),
            target: None,
            features: Vec::new(),
            time: None,
            window: 24,
            horizon: 1,
            season: None,
        }
    }
}

/// What the columns of a series are, so that the end of another file can be read alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesSchema {
    /// What separates cells.
    pub delimiter: char,
    /// Whether the first row names the columns.
    pub header: bool,
    /// The columns to predict from: by name if there is a header, by index otherwise.
    pub features: Vec<ColumnRef>,
    /// Steps that are seen.
    pub window: usize,
    /// The column to predict; models of earlier versions do not say.
    #[serde(default)]
    pub target: Option<ColumnRef>,
    /// Steps that are predicted.
    #[serde(default)]
    pub horizon: usize,
    /// The column that says when.
    #[serde(default)]
    pub time: Option<ColumnRef>,
    /// Steps after which the series about repeats.
    #[serde(default)]
    pub season: Option<usize>,
}

impl SeriesConfig {
    /// Reads the series and cuts it into windows.
    ///
    /// # Errors
    /// When the file is damaged, a value is missing or no number, steps are missing, or the series
    /// is too short for a window.
    pub fn load(&self, base_dir: &Path) -> Result<Loaded, DataError> {
        self.check()?;
        let path = base_dir.join(&self.path);
        let columns = Columns::read(&path, self.delimiter, self.header)?;
        let find = |key: &str, column: &ColumnRef| infer::find(key, column, &columns.head, &path);
        let time = self.time.as_ref().map(|column| find("time", column)).transpose()?;
        if let Some(time) = time {
            even(&columns, time, &path)?;
        }
        let mut notes = Vec::new();
        let features = match self.features.as_slice() {
            [] => self.numeric(&columns, time, &mut notes),
            given => given.iter().map(|c| find("features", c)).collect::<Result<Vec<_>, _>>()?,
        };
        let target = match &self.target {
            Some(column) => Some(find("target", column)?),
            None => features.first().copied(),
        };
        let Some(target) = target else {
            return Err(DataError::new(DataErrorCode::Column, "no column has numbers to predict")
                .file(&path)
                .expected("at least one column of numbers")
                .found(columns.head.names.join(", "))
                .help("check the delimiter and `time`"));
        };
        let inputs =
            features.iter().map(|&index| columns.values(index)).collect::<Result<Vec<_>, _>>()?;
        let series = columns.values(target)?;
        let windows = self.windows(&inputs, series, &columns.head.names[target], &path)?;
        let dataset = self.dataset(&inputs, series, &columns.head.names[target], windows, &path)?;
        let schema = SeriesSchema {
            delimiter: self.delimiter,
            header: columns.head.header,
            features: features.iter().map(|&index| columns.head.reference(index)).collect(),
            window: self.window,
            target: Some(columns.head.reference(target)),
            horizon: self.horizon,
            time: time.map(|index| columns.head.reference(index)),
            season: self.season,
        };
        Ok(Loaded { dataset, official: None, reader: InputReader::Series(schema), notes })
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
            .partition(|&index| columns.has_numbers(index));
        for index in others {
            let name = &columns.head.names[index];
            notes.push(format!("the column {name:?} has no numbers and is left out"));
        }
        numbers
    }

    /// How many windows there are.
    fn windows(
        &self,
        inputs: &[&[f64]],
        series: &[f64],
        target: &str,
        path: &Path,
    ) -> Result<usize, DataError> {
        let rows = series.len();
        let needed = self.start() + self.horizon;
        let Some(more) = rows.checked_sub(needed) else {
            let season = match self.season {
                Some(season) if season > self.window => format!("season = {season}"),
                _ => format!("window = {}", self.window),
            };
            return Err(DataError::new(DataErrorCode::Empty, "the series is too short")
                .file(path)
                .column(target)
                .expected(format!("{needed} steps or more: {season} + horizon = {}", self.horizon))
                .found(rows)
                .help("lower `window` or `horizon`, or add to the series"));
        };
        let windows = more + 1;
        let values = (self.window as u64 * inputs.len() as u64).max(3 * self.horizon as u64);
        if values.saturating_mul(8 * windows as u64) > MAX_BYTES {
            return Err(DataError::new(DataErrorCode::TooLarge, "the windows are too large")
                .file(path)
                .expected(format!("at most {MAX_BYTES} bytes in memory"))
                .found(format!("{windows} windows of {values} values"))
                .help("lower `window` or `horizon`"));
        }
        Ok(windows)
    }

    fn dataset(
        &self,
        inputs: &[&[f64]],
        series: &[f64],
        target: &str,
        windows: usize,
        path: &Path,
    ) -> Result<Dataset, DataError> {
        let (start, horizon) = (self.start(), self.horizon);
        let mut seen = Vec::with_capacity(windows * self.window * inputs.len());
        for first in start..start + windows {
            for row in first - self.window..first {
                seen.extend(inputs.iter().map(|column| column[row]));
            }
        }
        let predicted = |row: &dyn Fn(usize, usize) -> usize| -> Vec<f64> {
            let firsts = start..start + windows;
            firsts
                .flat_map(|first| (0..horizon).map(move |step| (first, step)))
                .map(|(first, step)| series[row(first, step)])
                .collect()
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

impl SeriesSchema {
    /// All windows of another series and what came next, read as the training file was.
    ///
    /// # Errors
    /// As [`SeriesConfig::load`]; also for a model of an earlier version, which does not say what
    /// it predicts.
    pub fn read_labelled(&self, path: &Path) -> Result<Dataset, DataError> {
        let Some(target) = &self.target else {
            let message = "the model does not say which column it predicts";
            return Err(DataError::new(DataErrorCode::Source, message)
                .file(path)
                .expected("a model of this version")
                .found("one of an earlier version")
                .help("train it again; `predict` works with it as it is"));
        };
        let config = SeriesConfig {
            path: path.to_path_buf(),
            delimiter: self.delimiter,
            header: self.header.into(),
            target: Some(target.clone()),
            features: self.features.clone(),
            time: self.time.clone(),
            window: self.window,
            horizon: self.horizon,
            season: self.season,
        };
        Ok(config.load(Path::new(""))?.dataset)
    }

    /// The last window of a file: one item, whose next steps are to be predicted.
    ///
    /// # Errors
    /// As [`SeriesConfig::load`].
    pub fn read_inputs(&self, path: &Path) -> Result<Dataset, DataError> {
        let columns = Columns::read(path, self.delimiter, self.header.into())?;
        let mut series = Vec::new();
        for feature in &self.features {
            let index = infer::find("features", feature, &columns.head, path)?;
            let values = columns.values(index)?;
            let Some(first) = values.len().checked_sub(self.window) else {
                return Err(DataError::new(DataErrorCode::Empty, "the series is too short")
                    .file(path)
                    .expected(format!("{} steps or more, the model's window", self.window))
                    .found(values.len())
                    .help("add the steps before"));
            };
            series.push(&values[first..]);
        }
        let steps = 0..self.window;
        let values = steps.flat_map(|row| series.iter().map(move |column| column[row])).collect();
        let shape = [self.window, series.len()];
        Dataset::new("series", shape, InputStore::F64(values), Targets::none())
    }
}

#[cfg(test)]
mod tests;
