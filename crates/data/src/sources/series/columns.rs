//! The columns of a series: what they are, and their numbers.

use std::path::Path;

use glassbox_train::data::error::{DataError, DataErrorCode, quote};

use crate::sources::csv::date;
use crate::sources::csv::facts::Facts;
use crate::sources::csv::infer::{self, Head};
use crate::sources::csv::missing::{self, Spellings};
use crate::sources::csv::table::Rows;
use crate::sources::csv::verdict::{self, Customs, Judged, Verdict};
use crate::sources::csv::{Column, ColumnKind, DateUnit, Header};

/// How the file of a series is read.
pub(super) struct Format<'a> {
    pub(super) path: &'a Path,
    pub(super) delimiter: Option<char>,
    pub(super) header: Header,
    pub(super) decimal: Option<char>,
    pub(super) day_first: Option<bool>,
    /// What columns are, where it is known from training.
    pub(super) known: &'a [Column],
}

/// All columns of a file. What is wrong with one matters only when it is used.
pub(super) struct Columns {
    pub(super) head: Head,
    columns: Vec<Series>,
    /// The line of each row.
    pub(super) lines: Vec<u64>,
}

struct Series {
    /// What it is; nothing for texts.
    kind: Option<ColumnKind>,
    values: Vec<f64>,
    /// Whether some of its cells are numbers.
    numbers: bool,
    /// Whether some of its cells are dates, more than are not.
    dates: bool,
    /// Whether it numbers the rows.
    grows: bool,
    /// Why it cannot be used.
    problem: Option<DataError>,
}

impl Columns {
    pub(super) fn read(format: &Format<'_>) -> Result<Self, DataError> {
        let (head, mut rows) = infer::open(format.path, format.delimiter, format.header)?;
        let mut columns = match format.known {
            [] => inferred(&head, &mut rows, format)?,
            known => known_columns(&head, known),
        };
        if format.known.is_empty() {
            let header = head.header.into();
            rows = infer::open(format.path, head.delimiter, header)?.1;
        }
        let mut lines = Vec::new();
        while rows.advance()? {
            let line = rows.line();
            lines.push(line);
            for (index, column) in columns.iter_mut().enumerate() {
                let Some(kind) = column.kind.as_ref().filter(|_| column.problem.is_none()) else {
                    continue;
                };
                match value(&rows, index, kind) {
                    Ok(value) => column.values.push(value),
                    Err(error) => {
                        let error = error.file(format.path).line(line);
                        column.problem = Some(error.column(&head.names[index]));
                    }
                }
            }
        }
        if lines.is_empty() {
            return Err(DataError::new(DataErrorCode::Empty, "the file has no rows of values")
                .file(format.path)
                .expected("at least one row")
                .found("none"));
        }
        Ok(Self { head, columns, lines })
    }

    /// Whether any cell of a column is a number.
    pub(super) fn has_numbers(&self, index: usize) -> bool {
        self.columns[index].numbers
    }

    /// Whether a column has dates.
    pub(super) fn has_dates(&self, index: usize) -> bool {
        matches!(self.columns[index].kind, Some(ColumnKind::Date(_)))
    }

    /// A date or time of day of a column, for people.
    pub(super) fn shown_date(&self, index: usize, days: f64) -> String {
        match &self.columns[index].kind {
            Some(ColumnKind::Date(format)) => format.shown(days),
            _ => date::shown(days),
        }
    }

    /// Whether a column was meant to have dates: they may not all be read, as 2024-02-30 is not.
    pub(super) fn means_dates(&self, index: usize) -> bool {
        self.has_dates(index) || self.columns[index].dates
    }

    /// Whether a column has no name and numbers the rows.
    pub(super) fn is_index(&self, index: usize) -> bool {
        self.head.unnamed.contains(&index) && self.columns[index].grows
    }

    /// Whether every value of a column is above the one before.
    pub(super) fn grows(&self, index: usize) -> bool {
        self.columns[index].grows
    }

    /// A column, so that it is read alike in another file.
    pub(super) fn column(&self, index: usize) -> Option<Column> {
        let kind = self.columns[index].kind.clone()?;
        Some(Column { name: self.head.names[index].clone(), index, kind })
    }

    /// The numbers of a column, one per row.
    pub(super) fn values(&self, index: usize) -> Result<&[f64], DataError> {
        let column = &self.columns[index];
        column.problem.clone().map_or(Ok(&column.values), Err)
    }

    /// Puts the rows in another order.
    pub(super) fn sort(&mut self, order: &[usize]) {
        self.lines = order.iter().map(|&row| self.lines[row]).collect();
        for column in self.columns.iter_mut().filter(|c| c.values.len() == order.len()) {
            column.values = order.iter().map(|&row| column.values[row]).collect();
        }
    }
}

/// Looks at all cells to find out what the columns are.
fn inferred(head: &Head, rows: &mut Rows, format: &Format<'_>) -> Result<Vec<Series>, DataError> {
    const TEXTS: usize = 20;
    let mut facts: Vec<Facts> = head.names.iter().map(|_| Facts::new(false)).collect();
    while rows.advance()? {
        let line = rows.line();
        for (index, facts) in facts.iter_mut().enumerate() {
            let cell = rows.cell(index);
            if !missing::is_missing(cell) && !facts.note_plain(cell, line) {
                facts.note(rows.text(index)?, line, TEXTS);
            }
        }
    }
    let customs = Customs {
        decimal: format.decimal.or(verdict::shown_decimal(facts.iter())),
        declared: format.decimal.is_some(),
        day_first: format.day_first,
        dates: DateUnit::Days,
    };
    let series = |(facts, name): (&Facts, &String)| {
        let otherwise = "list the columns to learn from under `features`".to_owned();
        let judged = Judged { name, path: format.path, otherwise };
        let (kind, problem) = match judged.verdict(facts, customs) {
            Ok(Verdict::Kind(kind)) => (Some(kind), None),
            Ok(Verdict::Texts) => (
                None,
                facts.first_text().map(|text| {
                    not_a_number(&text.cell).file(format.path).line(text.line).column(name)
                }),
            ),
            Err(error) => (None, Some(error)),
        };
        let numbers = match &kind {
            Some(kind) => {
                facts.cells > 0 && matches!(kind, ColumnKind::Number | ColumnKind::Formatted(_))
            }
            None => facts.has_numbers(),
        };
        let dates = facts.has_dates();
        Series { kind, values: Vec::new(), numbers, dates, grows: facts.grows(false), problem }
    };
    Ok(facts.iter().zip(&head.names).map(series).collect())
}

/// Columns whose kind is known from training, and others that are not used.
fn known_columns(head: &Head, known: &[Column]) -> Vec<Series> {
    let series = |(index, name): (usize, &String)| {
        let column = known.iter().find(|column| match head.header {
            true => column.name == *name,
            false => column.index == index,
        });
        let kind = column.map(|column| column.kind.clone());
        let problem = kind.is_none().then(|| not_a_number("a column that training did not use"));
        Series { kind, values: Vec::new(), numbers: false, dates: false, grows: false, problem }
    };
    head.names.iter().enumerate().map(series).collect()
}

fn not_a_number(cell: &str) -> DataError {
    DataError::new(DataErrorCode::NotANumber, "a value is not a number")
        .expected("numbers: a series is learned from no others")
        .found(quote(cell))
        .help("correct it, or list the columns to learn from under `features`")
}

fn value(rows: &Rows, index: usize, kind: &ColumnKind) -> Result<f64, DataError> {
    let cell = rows.text(index)?;
    if Spellings(None).is_missing(cell.as_bytes()) {
        return Err(DataError::new(DataErrorCode::Missing, "a value of the series is missing")
            .expected("a value in every row: steps follow each other")
            .found(missing::found(cell))
            .help("fill it in, for instance from its neighbors, or leave out the column"));
    }
    match kind.value(cell) {
        Some(value) if (value as f32).is_finite() => Ok(value),
        Some(_) => Err(DataError::new(DataErrorCode::NotFinite, "a value is not finite")
            .expected("a finite number of at most 3.4e38")
            .found(quote(cell))
            .help("correct it, or fill it in from its neighbors")),
        None => match kind {
            ColumnKind::Date(format) if format.is_open(cell) => {
                let message = "a date can be read in two ways";
                Err(DataError::new(DataErrorCode::AmbiguousDate, message)
                    .expected("day and month told apart, as in training: 2024-12-31")
                    .found(quote(cell)))
            }
            kind => Err(not_a_number(cell).expected(kind.describe())),
        },
    }
}
