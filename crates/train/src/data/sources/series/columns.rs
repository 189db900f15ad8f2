//! The columns of a series, read in one pass.

use std::path::Path;

use crate::data::error::{DataError, DataErrorCode, quote};
use crate::data::sources::csv::Header;
use crate::data::sources::csv::infer::{self, Head};
use crate::data::sources::csv::table::is_missing;

/// All columns of a file. What is wrong with one matters only when it is used.
pub(super) struct Columns {
    pub(super) head: Head,
    columns: Vec<Column>,
    /// The line of each row.
    lines: Vec<u64>,
}

#[derive(Default)]
struct Column {
    values: Vec<f64>,
    numbers: bool,
    /// The first cell that is no finite number.
    problem: Option<DataError>,
}

impl Columns {
    pub(super) fn read(path: &Path, delimiter: char, header: Header) -> Result<Self, DataError> {
        let (head, mut rows) = infer::open(path, delimiter, header)?;
        let mut columns: Vec<Column> = head.names.iter().map(|_| Column::default()).collect();
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            lines.push(row.line);
            for ((column, cell), name) in columns.iter_mut().zip(&row.cells).zip(&head.names) {
                let value =
                    number(cell).map_err(|error| error.file(path).line(row.line).column(name));
                match value {
                    Ok(value) => {
                        column.numbers = true;
                        column.values.push(value);
                    }
                    Err(error) => column.problem = column.problem.take().or(Some(error)),
                }
            }
        }
        if lines.is_empty() {
            return Err(DataError::new(DataErrorCode::Empty, "the file has no rows of values")
                .file(path)
                .expected("at least one row")
                .found("none"));
        }
        Ok(Self { head, columns, lines })
    }

    /// Whether any cell of a column is a number.
    pub(super) fn has_numbers(&self, index: usize) -> bool {
        self.columns[index].numbers
    }

    /// The numbers of a column, one a row.
    pub(super) fn values(&self, index: usize) -> Result<&[f64], DataError> {
        let column = &self.columns[index];
        column.problem.clone().map_or(Ok(&column.values), Err)
    }
}

fn number(cell: &str) -> Result<f64, DataError> {
    if is_missing(cell) {
        return Err(DataError::new(DataErrorCode::Missing, "a value of the series is missing")
            .expected("a number in every row: steps follow each other")
            .found("an empty cell, NA, N/A, null or ?")
            .help("fill it in, for instance from its neighbours, or leave out the column"));
    }
    match cell.parse::<f64>() {
        Ok(value) if (value as f32).is_finite() => Ok(value),
        Ok(_) => Err(DataError::new(DataErrorCode::NotFinite, "a value is not finite")
            .expected("a finite number of at most 3.4e38")
            .found(quote(cell))
            .help("correct it, or fill it in from its neighbours")),
        Err(_) => Err(DataError::new(DataErrorCode::NotANumber, "a value is not a number")
            .expected("numbers: a series is learned from no others")
            .found(quote(cell))
            .help("correct it, or list the columns to learn from under `features`")),
    }
}

/// Every step of the time column is as long as the others, where it has numbers. Half a step of
/// rounding is allowed: months as fractions of a year, say.
pub(super) fn even(columns: &Columns, time: usize, path: &Path) -> Result<(), DataError> {
    if !columns.has_numbers(time) {
        return Ok(());
    }
    let times = columns.values(time)?;
    let steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut sorted = steps.clone();
    sorted.sort_by(f64::total_cmp);
    let Some(&step) = sorted.get(steps.len() / 2) else { return Ok(()) };
    let is_even = |&found: &f64| step > 0.0 && found > 0.5 * step && found < 1.5 * step;
    let Some(at) = steps.iter().position(|step| !is_even(step)) else { return Ok(()) };
    let (before, after) = (times[at], times[at + 1]);
    let error = DataError::new(DataErrorCode::Gap, "the steps of the series are not even")
        .file(path)
        .line(columns.lines[at + 1])
        .column(&columns.head.names[time]);
    let error = match step > 0.0 {
        true => error.expected(format!("{}, a step of {step} after {before}", before + step)),
        false => error.expected(format!("times that grow from row to row, after {before}")),
    };
    Err(error.found(after).help(
        "fill in the rows that are missing and sort them; if the steps need not be even, list \
         `features` instead of `time`",
    ))
}
