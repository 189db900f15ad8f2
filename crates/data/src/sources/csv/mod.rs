//! Tables in CSV files: numeric and categorical features, a class or numbers as target.

mod bytes;
mod calendar_names;
mod clock;
pub(super) mod date;
pub(super) mod encode;
pub(super) mod facts;
mod header;
mod identifiers;
pub(super) mod infer;
mod items;
mod judge;
pub(super) mod missing;
pub(super) mod names;
pub(super) mod number;
mod schema;
pub(super) mod table;
mod tokens;
mod unknown_cells;
pub(super) mod verdict;
use std::path::{Path, PathBuf};

use glassbox_train::data::error::DataError;
use serde::{Deserialize, Serialize};

use super::{InputReader, Loaded};

pub use date::{DateFormat, DateUnit};
pub use infer::{ColumnFacts, Survey};
pub use number::NumberFormat;
pub use schema::{Column, ColumnKind, CsvSchema, TargetColumns};

/// A CSV file, one item per row, in UTF-8 or UTF-16, compressed with gzip or not. Inputs are
/// `[features]`: numbers as they are, dates as days since 1970, yes and no as 1 and 0, categories
/// as one 0-or-1 feature for each of their values, in order.
///
/// What a column is follows from all its cells: numbers with a decimal point or comma, thousands
/// separators, a percent sign or a currency; dates; booleans; categories when none of its values is
/// a number. Where some values are numbers and some are not it must be listed under `categorical`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CsvConfig {
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
    /// What dates become.
    pub dates: DateUnit,
    /// The column or columns to predict; the last when empty.
    pub target: OneOrMore,
    /// The columns to predict from, in order; when empty, all that are neither targets nor
    /// ignored.
    pub features: Vec<ColumnRef>,
    /// Columns to leave out, such as identifiers.
    pub ignore: Vec<ColumnRef>,
    /// Columns whose values are names even where they look like numbers.
    pub categorical: Vec<ColumnRef>,
    /// What the target is.
    pub target_kind: TargetKind,
    /// What to do about missing values: empty cells, `NA`, `NaN`, `null`, `None`, `-`, `?` and the
    /// like.
    pub missing: Missing,
    /// How cells say that a value is missing, in place of the usual spellings.
    pub missing_values: Option<Vec<String>>,
    /// The most values a categorical feature may have.
    pub max_categories: usize,
}

impl Default for CsvConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            delimiter: None,
            header: Header::default(),
            decimal: None,
            day_first: None,
            dates: DateUnit::default(),
            target: OneOrMore(Vec::new()),
            features: Vec::new(),
            ignore: Vec::new(),
            categorical: Vec::new(),
            target_kind: TargetKind::default(),
            missing: Missing::default(),
            missing_values: None,
            max_categories: 100,
        }
    }
}

/// Whether the first row names the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Header {
    /// It does when its cells are not like those below.
    #[default]
    Auto,
    /// It does.
    Present,
    /// It does not.
    Absent,
}

impl From<bool> for Header {
    fn from(header: bool) -> Self {
        if header { Self::Present } else { Self::Absent }
    }
}

/// What a target is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// Numbers when all values are numbers or dates, classes otherwise. A recipe's `task` decides
    /// first.
    #[default]
    Auto,
    /// Classes, even when they look like numbers.
    Class,
    /// Numbers.
    Number,
}

/// What to do about missing values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Stop and name the line.
    #[default]
    Error,
    /// Leave out the row.
    SkipRow,
}

/// A column by name or by index from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a column's name, or its index from 0")]
pub enum ColumnRef {
    /// Its index, from 0.
    Index(usize),
    /// Its name in the header.
    Name(String),
}

impl From<&str> for ColumnRef {
    fn from(name: &str) -> Self {
        Self::Name(name.into())
    }
}

impl From<usize> for ColumnRef {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// One column, or a list of columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OneOrMoreRepr", into = "OneOrMoreRepr")]
pub struct OneOrMore(pub Vec<ColumnRef>);

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "a column's name, its index from 0, or a list of these")]
enum OneOrMoreRepr {
    One(ColumnRef),
    More(Vec<ColumnRef>),
}

impl From<OneOrMoreRepr> for OneOrMore {
    fn from(repr: OneOrMoreRepr) -> Self {
        match repr {
            OneOrMoreRepr::One(column) => Self(vec![column]),
            OneOrMoreRepr::More(columns) => Self(columns),
        }
    }
}

impl From<OneOrMore> for OneOrMoreRepr {
    fn from(OneOrMore(mut columns): OneOrMore) -> Self {
        match columns.len() {
            1 => Self::One(columns.remove(0)),
            _ => Self::More(columns),
        }
    }
}

impl From<ColumnRef> for OneOrMore {
    fn from(column: ColumnRef) -> Self {
        Self(vec![column])
    }
}

impl CsvConfig {
    /// Reads the file: once to learn what its columns are, once for the values.
    ///
    /// # Errors
    /// When the file is damaged or a column is not what it should be; the message names the line
    /// and the column.
    pub fn load(&self, base_dir: &Path) -> Result<Loaded, DataError> {
        let path = base_dir.join(&self.path);
        let infer::Inferred { schema, rows, mut notes } = infer::schema(self, &path)?;
        let read = schema.read(&path, encode::Wanted { rows, ..encode::Wanted::LABELLED })?;
        let skipped = read.skipped;
        if skipped > 0 {
            notes.push(encode::left_out(skipped, path.display()));
        }
        let name = path.file_stem().map_or("csv".into(), |name| name.to_string_lossy());
        let dataset = schema.dataset(&name, &path, read)?;
        Ok(Loaded { skipped, ..Loaded::new(dataset, InputReader::Table(schema), notes) })
    }
}

#[cfg(test)]
mod formats_tests;
#[cfg(test)]
mod tests;
