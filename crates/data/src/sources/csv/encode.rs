//! The second pass over a CSV file: its cells as numbers, as a schema says.

use std::path::Path;

use glassbox_train::data::error::{DataError, DataErrorCode, first_of, quote};
use glassbox_train::data::{InputStore, Targets};

use super::missing::{self, Spellings};
use super::names::Names;
use super::number::plain_value;
use super::schema::{Column, ColumnKind, CsvSchema};
use super::table::Rows;
use super::unknown_cells::UnknownCells;
use super::{Missing, header};
use crate::files::MAX_BYTES;
use crate::learned::{Learned, Unknown};
use crate::sources::Row;

/// What is to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Whether targets are, too.
    pub(super) targets: bool,
    /// About how many rows there are, 0 when that is not known.
    pub(super) rows: usize,
    /// Whether a row that cannot be read is told and left out; otherwise it is an error.
    pub(super) each_row: bool,
    /// What to do about categories that training did not see.
    pub(super) unknown: Option<Unknown>,
}

impl Wanted {
    /// Inputs alone.
    pub(super) const INPUTS: Self =
        Self { targets: false, rows: 0, each_row: false, unknown: None };
    /// Inputs and targets.
    pub(super) const LABELLED: Self = Self { targets: true, ..Self::INPUTS };
}

/// The encoded rows of a file.
pub(super) struct Encoded {
    pub(super) inputs: InputStore,
    pub(super) targets: Targets,
    /// Rows that the schema leaves out, since values are missing in them.
    pub(super) skipped: usize,
    /// What is said of categories that were read as none of the known ones.
    pub(super) others: Vec<String>,
    /// Where the rows are, and those that cannot be read, where they are told one by one.
    pub(super) rows: Vec<Row>,
    pub(super) failed: Vec<(Row, DataError)>,
}

impl CsvSchema {
    pub(super) fn read(&self, path: &Path, wanted: Wanted) -> Result<Encoded, DataError> {
        let mut rows = Rows::open(path, Some(self.delimiter))?;
        let targets = if wanted.targets { self.targets.columns() } else { &[] };
        let columns = self.inputs.iter().chain(targets);
        let mut cells: Vec<Cell> = columns.map(Cell::new).collect();
        if self.header
            && let Some(header) = rows.next()?
        {
            for cell in &mut cells {
                cell.index = find_by_name(cell.column, &header.cells, path)?;
            }
        }
        let mut writer = Writer::new(self, path, wanted);
        let (mut number, mut skipped, mut read, mut failed) = (0, 0, Vec::new(), Vec::new());
        loop {
            let more = rows.advance();
            if matches!(more, Ok(false)) {
                break;
            }
            number += 1;
            let before = writer.lengths();
            // All rows are as wide as the first: too few columns are an error of the file.
            if number == 1 && more.is_ok() {
                self.check_width(&rows, &cells, path)?;
            }
            let outcome = more.and_then(|_| writer.write(&rows, &cells));
            let place = Row { number, line: rows.line() };
            let Err(error) = outcome else {
                writer.others.keep();
                if wanted.each_row {
                    read.push(place);
                }
                continue;
            };
            writer.truncate(before);
            // Rows with missing values are left out where training left out its own.
            let missing = error.code == DataErrorCode::Missing;
            match () {
                () if wanted.targets && missing && self.missing == Missing::SkipRow => skipped += 1,
                // A table that is too large only grows.
                () if wanted.each_row
                    && rows.are_whole()
                    && error.code != DataErrorCode::TooLarge =>
                {
                    failed.push((place, error));
                }
                () => return Err(error),
            }
        }
        if number == skipped as u64 {
            return Err(no_rows(path, skipped));
        }
        Ok(Encoded {
            inputs: InputStore::F64(writer.values),
            targets: self.targets(wanted.targets, writer.targets, writer.labels),
            skipped,
            others: writer.others.told(path),
            rows: read,
            failed,
        })
    }

    fn check_width(&self, rows: &Rows, cells: &[Cell<'_>], path: &Path) -> Result<(), DataError> {
        let found = rows.cells();
        match cells.iter().find(|cell| cell.index >= found) {
            None => Ok(()),
            Some(cell) => Err(DataError::new(DataErrorCode::Column, "a column is missing")
                .file(path)
                .column(&cell.column.name)
                .expected(format!("{} columns, as in training", self.width))
                .found(found)
                .help("give all columns that the model predicts from, in the same order")),
        }
    }
}

/// What is said of rows that are left out.
pub(super) fn left_out(skipped: usize, shown: std::path::Display<'_>) -> String {
    let rows = if skipped == 1 { "row" } else { "rows" };
    format!("{shown}: {skipped} {rows} with missing values left out")
}

fn no_rows(path: &Path, skipped: usize) -> DataError {
    let found = match skipped {
        0 => "none".into(),
        1 => "1 row, with missing values".into(),
        skipped => format!("{skipped} rows, all with missing values"),
    };
    let error = DataError::new(DataErrorCode::Empty, "the file has no rows of values").file(path);
    error.expected("at least one row").found(found)
}

fn find_by_name(column: &Column, header: &[&str], path: &Path) -> Result<usize, DataError> {
    let name = column.name.as_str();
    if !name.is_empty() && header.iter().filter(|other| **other == name).count() > 1 {
        let message = "a column of the model is in the file more than once";
        let error = DataError::new(DataErrorCode::Column, message).file(path).line(1);
        return Err(error
            .column(name)
            .expected(format!("one column {name:?}"))
            .found(header.join(", "))
            .help("rename or remove the other"));
    }
    if header.get(column.index) == Some(&name) {
        return Ok(column.index);
    }
    // Columns without a name in the header are called by their index.
    let unnamed = |i: usize| header[i].is_empty() && header::numbered(i) == name;
    (0..header.len()).find(|&i| header[i] == name || unnamed(i)).ok_or_else(|| {
        DataError::new(DataErrorCode::Column, "a column is missing")
            .file(path)
            .line(1)
            .expected(format!("a column {}", quote(name)))
            .found(header.join(", "))
            .help("name the columns, and separate cells, as in the training file")
    })
}

/// How the cells of a column are read.
struct Cell<'a> {
    column: &'a Column,
    index: usize,
    /// The categories.
    names: Names<'a>,
}

impl<'a> Cell<'a> {
    fn new(column: &'a Column) -> Self {
        let names = match &column.kind {
            ColumnKind::Category(values) => values,
            _ => &[][..],
        };
        Self { column, index: column.index, names: Names::new(names) }
    }
}

struct Writer<'a> {
    path: &'a Path,
    spellings: Spellings<'a>,
    unknown: Option<Unknown>,
    /// How many of the columns are inputs; the others are targets.
    inputs: usize,
    values: Vec<f64>,
    targets: Vec<f64>,
    labels: Vec<i32>,
    others: UnknownCells,
}

impl<'a> Writer<'a> {
    fn new(schema: &'a CsvSchema, path: &'a Path, wanted: Wanted) -> Self {
        let width: usize = schema.inputs.iter().map(|column| column.kind.width()).sum();
        let most = MAX_BYTES as usize / 8;
        let values = Vec::with_capacity(wanted.rows.saturating_mul(width).min(most));
        let targets = schema.targets.columns().len();
        let (targets, labels) = match schema.targets {
            super::TargetColumns::Class(_) => (0, wanted.rows),
            super::TargetColumns::Numbers(_) => (wanted.rows * targets, 0),
        };
        Self {
            path,
            spellings: Spellings(schema.missing_values.as_deref()),
            unknown: wanted.unknown,
            inputs: schema.inputs.len(),
            values,
            targets: Vec::with_capacity(targets),
            labels: Vec::with_capacity(labels),
            others: UnknownCells::default(),
        }
    }

    fn lengths(&self) -> [usize; 3] {
        [self.values.len(), self.targets.len(), self.labels.len()]
    }

    fn truncate(&mut self, [values, targets, labels]: [usize; 3]) {
        self.values.truncate(values);
        self.targets.truncate(targets);
        self.labels.truncate(labels);
        self.others.drop_row();
    }

    fn write(&mut self, rows: &Rows, cells: &[Cell<'_>]) -> Result<(), DataError> {
        for (place, cell) in cells.iter().enumerate() {
            // What stands for a missing value may be a number where a recipe says so.
            if let (ColumnKind::Number, None) = (&cell.column.kind, self.spellings.0)
                && let Some(value) = plain_value(rows.cell(cell.index))
                && (value as f32).is_finite()
            {
                let out = if place < self.inputs { &mut self.values } else { &mut self.targets };
                out.push(value);
                continue;
            }
            self.write_other(rows, cell, place < self.inputs)?;
        }
        if 8 * self.values.len() as u64 > MAX_BYTES {
            let error = DataError::new(DataErrorCode::TooLarge, "the table is too large");
            return Err(error
                .file(self.path)
                .line(rows.line())
                .expected(format!("at most {MAX_BYTES} bytes in memory"))
                .found("more")
                .help("ignore columns, or categorical columns with many values"));
        }
        Ok(())
    }

    /// A cell that is no number as programs write them, or is missing.
    fn write_other(
        &mut self,
        rows: &Rows,
        cell: &Cell<'_>,
        is_input: bool,
    ) -> Result<(), DataError> {
        let text = rows.text(cell.index)?;
        let error = |code, message: &str| {
            let error = DataError::new(code, message).file(self.path).line(rows.line());
            error.column(&cell.column.name)
        };
        if self.spellings.is_missing(text.as_bytes()) {
            return Err(error(DataErrorCode::Missing, "a value is missing")
                .expected(cell.column.kind.cell())
                .found(missing::found(text))
                .help(
                    "fill it in, ignore the column, or set missing = \"skip_row\"; if it is a \
                     value, give the spellings that are not as `missing_values`",
                ));
        }
        let out = if is_input { &mut self.values } else { &mut self.targets };
        let is_read = match &cell.column.kind {
            ColumnKind::Date(format) => format.write(text, out),
            ColumnKind::Category(values) => {
                match (cell.names.place(text), is_input) {
                    (Some(label), false) => self.labels.push(label as i32),
                    (Some(label), true) => {
                        let start = out.len();
                        out.resize(start + values.len(), 0.0);
                        out[start + label] = 1.0;
                    }
                    // None of the known ones.
                    (None, true) if self.unknown == Some(Unknown::Other) => {
                        out.resize(out.len() + values.len(), 0.0);
                        self.others.note(&cell.column.name, text);
                    }
                    (None, true) => return Err(unknown(error, values, text)),
                    (None, false) => {
                        let class = Learned::unknown_class(values, text).file(self.path);
                        return Err(class.line(rows.line()).column(&cell.column.name));
                    }
                }
                true
            }
            kind => match kind.value(text) {
                Some(value) if !(value as f32).is_finite() => return Err(not_finite(error, text)),
                value => {
                    out.extend(value);
                    value.is_some()
                }
            },
        };
        if is_read { Ok(()) } else { Err(unreadable(error, cell.column, text)) }
    }
}

/// The error of a cell that is not of its column's kind.
fn unreadable(
    error: impl Fn(DataErrorCode, &str) -> DataError,
    column: &Column,
    text: &str,
) -> DataError {
    let Column { name, kind, .. } = column;
    if let ColumnKind::Date(format) = kind
        && format.is_open(text)
    {
        return error(DataErrorCode::AmbiguousDate, "a date can be read in two ways")
            .expected("day and month told apart, as in training: 2024-12-31")
            .found(quote(text))
            .help("write it so, or set day_first");
    }
    error(DataErrorCode::NotANumber, &format!("a value is not {}", kind.cell()))
        .expected(match kind {
            ColumnKind::Number => "a number, as in other rows".to_owned(),
            kind => kind.describe(),
        })
        .found(quote(text))
        .help(match kind {
            ColumnKind::Boolean { .. } => "correct it".to_owned(),
            _ => format!("correct it, or set categorical = [{name:?}]"),
        })
}

fn not_finite(error: impl Fn(DataErrorCode, &str) -> DataError, text: &str) -> DataError {
    error(DataErrorCode::NotFinite, "a value is not finite")
        .expected("a finite number of at most 3.4e38")
        .found(quote(text))
        .help("correct it, or leave the cell empty and set missing = \"skip_row\"")
}

fn unknown(
    error: impl Fn(DataErrorCode, &str) -> DataError,
    values: &[String],
    text: &str,
) -> DataError {
    let quoted: Vec<String> = values.iter().map(|value| quote(value)).collect();
    let listed = first_of(quoted.iter().map(String::as_str), 10);
    error(DataErrorCode::Category, "a category is unknown")
        .expected(format!("one of {listed}"))
        .found(quote(text))
}
