//! What the columns of a table are, so that another file can be read alike.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Missing;
use super::table::{Row, Rows, is_missing};
use crate::data::dataset::{Dataset, Feature, InputStore};
use crate::data::error::{DataError, DataErrorCode, quote};
use crate::data::files::MAX_BYTES;
use crate::data::learned::Unknown;
use crate::data::targets::Targets;

/// What the columns of a table are: fixed by the training file and kept with the model, so that
/// a file to predict is encoded alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CsvSchema {
    /// What separates cells.
    pub delimiter: char,
    /// Whether the first row names the columns.
    pub header: bool,
    /// The number of columns of the training file.
    pub width: usize,
    /// The columns to predict from, in the order of the inputs.
    pub inputs: Vec<Column>,
    /// The columns to predict.
    pub targets: TargetColumns,
    /// What to do about missing values.
    pub missing: Missing,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the header, or `column 3`.
    pub name: String,
    /// Its index, from 0, in the training file.
    pub index: usize,
    /// What its values are.
    pub kind: ColumnKind,
}

/// What the values of a column are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Numbers.
    Number,
    /// One of these names.
    Category(Vec<String>),
}

/// The columns to predict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetColumns {
    /// One column of classes.
    Class(Column),
    /// Columns of numbers.
    Numbers(Vec<Column>),
}

/// The encoded rows of a file.
pub(super) struct Encoded {
    pub(super) inputs: InputStore,
    pub(super) targets: Targets,
    pub(super) skipped: usize,
}

impl CsvSchema {
    /// The names of the inputs.
    pub fn features(&self) -> Vec<Feature> {
        let mut features = Vec::new();
        for column in &self.inputs {
            match &column.kind {
                ColumnKind::Number => {
                    features.push(Feature { name: column.name.clone(), one_hot: false });
                }
                ColumnKind::Category(values) => features.extend(values.iter().map(|value| {
                    Feature { name: format!("{}={value}", column.name), one_hot: true }
                })),
            }
        }
        features
    }

    /// Reads the inputs of a file to predict. Columns are found by name when there is a header,
    /// so that their order may differ and targets may be absent.
    ///
    /// # Errors
    /// As [`super::CsvConfig::load`], and for categories that training did not see.
    pub fn read_inputs(&self, path: &Path) -> Result<Dataset, DataError> {
        let rows = self.read(path, false)?;
        let features = self.features();
        let dataset = Dataset::new("csv", [features.len()], rows.inputs, Targets::none())
            .map_err(|error| error.file(path))?;
        Ok(dataset.with_features(features))
    }

    /// Reads the inputs and the targets of another file, as the training file was read.
    ///
    /// # Errors
    /// As [`CsvSchema::read_inputs`]; also when a target is missing, or a class is one that
    /// training did not see.
    pub fn read_labelled(&self, path: &Path) -> Result<Dataset, DataError> {
        let rows = self.read(path, true)?;
        let features = self.features();
        let name = path.file_stem().map_or("csv".into(), |name| name.to_string_lossy());
        let dataset = Dataset::new(name, [features.len()], rows.inputs, rows.targets)
            .map_err(|error| error.file(path))?;
        Ok(dataset.with_features(features))
    }

    /// The column of classes; none where numbers are predicted.
    pub fn class_column(&self) -> Option<&Column> {
        match &self.targets {
            TargetColumns::Class(column) => Some(column),
            TargetColumns::Numbers(_) => None,
        }
    }

    pub(super) fn read(&self, path: &Path, with_targets: bool) -> Result<Encoded, DataError> {
        let mut rows = Rows::open(path, self.delimiter)?;
        let target_columns = if with_targets { self.target_columns() } else { &[] };
        let mut wanted: Vec<(&Column, usize)> =
            self.inputs.iter().chain(target_columns).map(|column| (column, column.index)).collect();
        if self.header {
            self.find_columns(&mut rows, &mut wanted, path)?;
        }
        let mut writer = Writer::new(path, None);
        let (mut count, mut skipped) = (0, 0);
        while let Some(row) = rows.next()? {
            if let Some((column, _)) = wanted.iter().find(|(_, index)| *index >= row.cells.len()) {
                return Err(DataError::new(DataErrorCode::Column, "a column is missing")
                    .file(path)
                    .line(row.line)
                    .column(&column.name)
                    .expected(format!("{} columns, as in training", self.width))
                    .found(row.cells.len()));
            }
            if let Some((column, _)) = wanted.iter().find(|(_, i)| is_missing(row.cells[*i])) {
                if self.missing == Missing::SkipRow && with_targets {
                    skipped += 1;
                    continue;
                }
                let error = missing_value(column, row.line, path);
                return Err(error);
            }
            writer.write(&row, &wanted, self.inputs.len())?;
            count += 1;
        }
        if count == 0 {
            let message = "the file has no rows of values";
            return Err(DataError::new(DataErrorCode::Empty, message)
                .file(path)
                .expected("at least one row")
                .found(if skipped > 0 {
                    format!("{skipped} rows, all with missing values")
                } else {
                    "none".into()
                }));
        }
        Ok(Encoded {
            inputs: InputStore::F64(writer.inputs),
            targets: self.targets(with_targets, writer.targets, writer.labels),
            skipped,
        })
    }

    pub(super) fn target_columns(&self) -> &[Column] {
        match &self.targets {
            TargetColumns::Class(column) => std::slice::from_ref(column),
            TargetColumns::Numbers(columns) => columns,
        }
    }

    /// Reads the header and finds the columns in it.
    pub(super) fn find_columns(
        &self,
        rows: &mut Rows,
        wanted: &mut [(&Column, usize)],
        path: &Path,
    ) -> Result<(), DataError> {
        if let Some(header) = rows.next()? {
            for (column, index) in wanted {
                *index = find_by_name(&column.name, *index, &header.cells, path)?;
            }
        }
        Ok(())
    }

    /// A data set of this table's features.
    pub(super) fn dataset(
        &self,
        name: String,
        inputs: InputStore,
        targets: Targets,
        path: &Path,
    ) -> Result<Dataset, DataError> {
        let features = self.features();
        let dataset = Dataset::new(name, [features.len()], inputs, targets)
            .map_err(|error| error.file(path))?;
        Ok(dataset.with_features(features))
    }

    fn targets(&self, with_targets: bool, values: Vec<f64>, labels: Vec<i32>) -> Targets {
        match &self.targets {
            _ if !with_targets => Targets::none(),
            TargetColumns::Class(Column { kind: ColumnKind::Category(names), .. }) => {
                Targets::Classes { labels, names: names.clone() }
            }
            TargetColumns::Class(_) => Targets::none(),
            TargetColumns::Numbers(columns) => {
                let names = columns.iter().map(|column| column.name.clone()).collect();
                Targets::Values { values, width: columns.len(), names }
            }
        }
    }
}

fn find_by_name(
    name: &str,
    index: usize,
    header: &[&str],
    path: &Path,
) -> Result<usize, DataError> {
    if header.get(index) == Some(&name) {
        return Ok(index);
    }
    // Columns without a name in the header are called by their index.
    let unnamed = |i: usize| header[i].is_empty() && super::infer::numbered(i) == name;
    (0..header.len()).find(|&i| header[i] == name || unnamed(i)).ok_or_else(|| {
        DataError::new(DataErrorCode::Column, "a column is missing")
            .file(path)
            .line(1)
            .expected(format!("a column {}", quote(name)))
            .found(header.join(", "))
    })
}

pub(super) fn missing_value(column: &Column, line: u64, path: &Path) -> DataError {
    DataError::new(DataErrorCode::Missing, "a value is missing")
        .file(path)
        .line(line)
        .column(&column.name)
        .expected(match column.kind {
            ColumnKind::Number => "a number",
            ColumnKind::Category(_) => "a category",
        })
        .found("an empty cell, NA, N/A, null or ?")
        .help("fill it in, ignore the column, or set missing = \"skip_row\"")
}

pub(super) struct Writer<'a> {
    path: &'a Path,
    /// What to do about categories that training did not see.
    unknown: Option<Unknown>,
    inputs: Vec<f64>,
    targets: Vec<f64>,
    labels: Vec<i32>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(path: &'a Path, unknown: Option<Unknown>) -> Self {
        Self { path, unknown, inputs: Vec::new(), targets: Vec::new(), labels: Vec::new() }
    }

    pub(super) fn path(&self) -> &'a Path {
        self.path
    }

    /// The inputs of all rows.
    pub(super) fn inputs(self) -> InputStore {
        InputStore::F64(self.inputs)
    }

    /// The inputs and the targets of all rows.
    pub(super) fn finish(self, schema: &CsvSchema) -> (InputStore, Targets) {
        (InputStore::F64(self.inputs), schema.targets(true, self.targets, self.labels))
    }

    /// As [`Writer::write`], but a row with an error leaves nothing.
    pub(super) fn write_whole(
        &mut self,
        row: &Row,
        wanted: &[(&Column, usize)],
        inputs: usize,
    ) -> Result<(), DataError> {
        let before = (self.inputs.len(), self.targets.len(), self.labels.len());
        self.write(row, wanted, inputs).inspect_err(|_| {
            self.inputs.truncate(before.0);
            self.targets.truncate(before.1);
            self.labels.truncate(before.2);
        })
    }

    fn write(
        &mut self,
        row: &Row,
        wanted: &[(&Column, usize)],
        inputs: usize,
    ) -> Result<(), DataError> {
        for (place, (column, index)) in wanted.iter().enumerate() {
            let (cell, is_input) = (row.cells[*index], place < inputs);
            match &column.kind {
                ColumnKind::Number => {
                    let value = number(cell, column, row.line, self.path)?;
                    if is_input { self.inputs.push(value) } else { self.targets.push(value) }
                }
                ColumnKind::Category(values) => {
                    let label = category(cell, values, column, row.line, self.path);
                    if is_input {
                        let start = self.inputs.len();
                        self.inputs.resize(start + values.len(), 0.0);
                        match label {
                            Ok(label) => self.inputs[start + label] = 1.0,
                            // None of the known ones.
                            Err(_) if self.unknown == Some(Unknown::Other) => {}
                            Err(error) => return Err(error.help(OTHER)),
                        }
                    } else {
                        self.labels.push(label? as i32);
                    }
                }
            }
        }
        if 8 * self.inputs.len() as u64 > MAX_BYTES {
            let error = DataError::new(DataErrorCode::TooLarge, "the table is too large");
            return Err(error
                .file(self.path)
                .line(row.line)
                .expected(format!("at most {MAX_BYTES} bytes in memory"))
                .found("more")
                .help("ignore columns, or categorical columns with many values"));
        }
        Ok(())
    }
}

/// What helps with a category that training did not see.
const OTHER: &str = "correct it, or set unknown = \"other\" in [data] or --unknown other to read it as \
                     none of the known ones";

fn number(cell: &str, column: &Column, line: u64, path: &Path) -> Result<f64, DataError> {
    let error = |code, message| {
        let error = DataError::new(code, message).file(path).line(line).column(&column.name);
        error.found(quote(cell))
    };
    match cell.parse::<f64>() {
        Ok(value) if (value as f32).is_finite() => Ok(value),
        Ok(_) => Err(error(DataErrorCode::NotFinite, "a value is not finite")
            .expected("a finite number of at most 3.4e38")
            .help("correct it, or leave the cell empty and set missing = \"skip_row\"")),
        Err(_) => Err(error(DataErrorCode::NotANumber, "a value is not a number")
            .expected("a number, as in other rows")
            .help(format!("correct it, or set categorical = [{:?}]", column.name))),
    }
}

fn category(
    cell: &str,
    values: &[String],
    column: &Column,
    line: u64,
    path: &Path,
) -> Result<usize, DataError> {
    const LISTED: usize = 10;
    values.iter().position(|value| value == cell).ok_or_else(|| {
        let more = if values.len() > LISTED { ", …" } else { "" };
        let listed = values.iter().take(LISTED).map(|v| quote(v)).collect::<Vec<_>>().join(", ");
        DataError::new(DataErrorCode::Category, "a category is unknown")
            .file(path)
            .line(line)
            .column(&column.name)
            .expected(format!("one of {listed}{more}"))
            .found(quote(cell))
    })
}
