//! What the columns of a series are, so that another file can be read alike.

use std::path::Path;

use glassbox_train::data::error::{DataError, DataErrorCode};
use glassbox_train::data::{Dataset, InputStore, Targets};
use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::time::{self, Gaps, Order, same_step};
use super::{Column, ColumnRef, SeriesConfig};
use crate::sources::csv::infer;

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
    /// What the columns are; models of earlier versions do not say.
    #[serde(default)]
    pub columns: Vec<Column>,
    /// What to do where steps are missing or uneven.
    #[serde(default)]
    pub gaps: Gaps,
    /// The usual length of a step, in days where time is in dates.
    #[serde(default)]
    pub step: Option<f64>,
}

impl SeriesSchema {
    /// A series that is read as the training file was; what the schema does not say is of `config`.
    pub(super) fn applied_to(&self, config: &SeriesConfig) -> SeriesConfig {
        SeriesConfig {
            delimiter: Some(self.delimiter),
            header: self.header.into(),
            features: self.features.clone(),
            time: self.time.clone().or_else(|| config.time.clone()),
            window: self.window,
            ..config.clone()
        }
    }

    /// The last window of a file: one item, whose next steps are to be predicted. Where the model
    /// has a time column, the window is the latest.
    ///
    /// # Errors
    /// As [`SeriesConfig::load`].
    pub fn read_inputs(&self, path: &Path) -> Result<Dataset, DataError> {
        let config = SeriesConfig { gaps: self.gaps, ..SeriesConfig::default() };
        let config = self.applied_to(&config);
        let mut columns = Columns::read(&config.format(path, &self.columns))?;
        let time = self.time.as_ref();
        let time = time.map(|time| infer::find("time", time, &columns.head, path)).transpose()?;
        let order = match time {
            Some(time) => time::order(&mut columns, time, self.gaps, path)?,
            None => Order::default(),
        };
        let dates = time.is_some_and(|time| columns.has_dates(time));
        same_step(self.step, order.step, dates, path)?;
        let mut series = Vec::new();
        for feature in &self.features {
            let index = infer::find("features", feature, &columns.head, path)?;
            let values = columns.values(index)?;
            let start = order.breaks.last().copied().unwrap_or(0);
            let Some(first) = values.len().checked_sub(self.window).filter(|&f| f >= start) else {
                let after = if start > 0 { " after its last gap" } else { "" };
                return Err(DataError::new(DataErrorCode::Empty, "the series is too short")
                    .file(path)
                    .expected(format!("{} steps or more{after}, the model's window", self.window))
                    .found(values.len() - start)
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
