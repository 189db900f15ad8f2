//! A table read through the columns of another, row by row.

use std::path::Path;

use super::schema::{Writer, missing_value};
use super::table::{Rows, is_missing};
use super::{Column, CsvSchema, Missing};
use crate::data::dataset::Dataset;
use crate::data::error::{DataError, DataErrorCode};
use crate::data::learned::Unknown;
use crate::data::sources::{Items, Row};
use crate::data::targets::Targets;

/// How a table is read.
#[derive(Clone, Copy)]
struct Reading {
    /// Whether it has targets, too.
    targets: bool,
    /// What to do about categories that training did not see.
    unknown: Option<Unknown>,
}

/// The rows of a table, encoded, and those that are not.
struct Encoded<'a> {
    writer: Writer<'a>,
    rows: Vec<Row>,
    failed: Vec<(Row, DataError)>,
}

impl CsvSchema {
    /// The rows of a file to predict, one by one.
    pub(in crate::data::sources) fn read_items(
        &self,
        path: &Path,
        unknown: Option<Unknown>,
    ) -> Result<Items, DataError> {
        let Encoded { writer, rows, failed } =
            self.encode(path, Reading { targets: false, unknown })?;
        let dataset = match rows.is_empty() {
            true => None,
            false => Some(self.dataset("csv".into(), writer.inputs(), Targets::none(), path)?),
        };
        Ok(Items { dataset, rows, failed, size: None, notes: Vec::new() })
    }

    /// The rows of a file that has the targets, too, and what a user should know: where the model's
    /// own rows with missing values were left out, these are, and the first row that cannot be read
    /// is an error.
    pub(in crate::data::sources) fn read_known(
        &self,
        path: &Path,
        unknown: Option<Unknown>,
    ) -> Result<(Dataset, Vec<String>), DataError> {
        let Encoded { writer, rows, mut failed } =
            self.encode(path, Reading { targets: true, unknown })?;
        let before = failed.len();
        if self.missing == Missing::SkipRow {
            failed.retain(|(_, error)| error.code != DataErrorCode::Missing);
        }
        let skipped = before - failed.len();
        if let Some((_, error)) = failed.into_iter().next() {
            return Err(error);
        }
        if rows.is_empty() {
            return Err(no_rows(path).found(format!("{skipped} rows, all with missing values")));
        }
        let mut notes = Vec::new();
        if skipped > 0 {
            notes.push(format!("{}: {skipped} rows with missing values left out", path.display()));
        }
        let name = path.file_stem().map_or("csv".into(), |name| name.to_string_lossy());
        let (inputs, targets) = writer.finish(self);
        Ok((self.dataset(name.into_owned(), inputs, targets, path)?, notes))
    }

    fn encode<'a>(&self, path: &'a Path, reading: Reading) -> Result<Encoded<'a>, DataError> {
        let mut rows = Rows::open(path, self.delimiter)?;
        let target_columns = if reading.targets { self.target_columns() } else { &[] };
        let mut wanted: Vec<(&Column, usize)> =
            self.inputs.iter().chain(target_columns).map(|column| (column, column.index)).collect();
        if self.header {
            self.find_columns(&mut rows, &mut wanted, path)?;
        }
        let mut encoded = Encoded {
            writer: Writer::new(path, reading.unknown),
            rows: Vec::new(),
            failed: Vec::new(),
        };
        let mut number = 0;
        while let Some((blank, row)) = rows.next_with_blanks() {
            // In a file of one column a line without a value is a row whose value is missing.
            for line in blank.lines() {
                number += 1;
                let error = missing_value(wanted[0].0, line, path);
                encoded.failed.push((Row { number, line }, error));
            }
            number += 1;
            let row = match row {
                Ok(row) => row,
                Err(error) if error.code == DataErrorCode::CsvStructure => {
                    let line = error.place.line.unwrap_or(0);
                    encoded.failed.push((Row { number, line }, error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let place = Row { number, line: row.line };
            match self.encode_row(&mut encoded.writer, &row, &wanted) {
                Ok(()) => encoded.rows.push(place),
                Err(error) if error.code == DataErrorCode::TooLarge => return Err(error),
                Err(error) => encoded.failed.push((place, error)),
            }
        }
        match number {
            0 => Err(no_rows(path).found("none")),
            _ => Ok(encoded),
        }
    }

    /// Adds a row, or leaves everything as it is.
    fn encode_row(
        &self,
        writer: &mut Writer<'_>,
        row: &super::table::Row<'_>,
        wanted: &[(&Column, usize)],
    ) -> Result<(), DataError> {
        let path = writer.path();
        if let Some((column, _)) = wanted.iter().find(|(_, index)| *index >= row.cells.len()) {
            return Err(DataError::new(DataErrorCode::Column, "a column is missing")
                .file(path)
                .line(row.line)
                .column(&column.name)
                .expected(format!("{} columns, as in training", self.width))
                .found(row.cells.len()));
        }
        if let Some((column, _)) = wanted.iter().find(|(_, i)| is_missing(row.cells[*i])) {
            return Err(missing_value(column, row.line, path));
        }
        writer.write_whole(row, wanted, self.inputs.len())
    }
}

fn no_rows(path: &Path) -> DataError {
    DataError::new(DataErrorCode::Empty, "the file has no rows of values")
        .file(path)
        .expected("at least one row")
}
