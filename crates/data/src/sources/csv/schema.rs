//! What the columns of a table are, so that another file can be read alike.

use glassbox_train::data::error::DataError;
use glassbox_train::data::{Dataset, Feature, Targets};
use serde::{Deserialize, Serialize};

use super::date::DateFormat;
use super::number::{NumberFormat, plain_value};
use super::{ColumnRef, Missing, encode};

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
    /// How cells say that a value is missing, in place of the usual spellings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_values: Option<Vec<String>>,
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

impl Column {
    /// Whether it is the one that `reference` names.
    pub fn is(&self, reference: &ColumnRef) -> bool {
        match reference {
            ColumnRef::Index(index) => self.index == *index,
            ColumnRef::Name(name) => self.name == *name,
        }
    }
}

/// What the values of a column are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Numbers as programs write them.
    Number,
    /// Numbers as people write them.
    Formatted(NumberFormat),
    /// Dates and times.
    Date(DateFormat),
    /// Two words, in any case: 0 and 1.
    Boolean {
        /// The word for 0.
        no: String,
        /// The word for 1.
        yes: String,
    },
    /// One of these names.
    Category(Vec<String>),
}

impl ColumnKind {
    /// How many inputs a column of this kind becomes.
    pub fn width(&self) -> usize {
        match self {
            Self::Category(values) => values.len(),
            Self::Date(format) => format.parts().len(),
            Self::Number | Self::Formatted(_) | Self::Boolean { .. } => 1,
        }
    }

    /// What it is, for people: `numbers, decimal comma`.
    pub fn describe(&self) -> String {
        match self {
            Self::Number => "numbers".into(),
            Self::Formatted(format) => format!("numbers, {}", format.describe()),
            Self::Date(format) => format.describe(),
            Self::Boolean { no, yes } => format!("{no} or {yes}, as 0 or 1"),
            Self::Category(values) if values.len() == 1 => "1 category".into(),
            Self::Category(values) => format!("{} categories", values.len()),
        }
    }

    /// The number in a cell; nothing when it is none of this kind, or several.
    pub(in crate::sources) fn value(&self, cell: &str) -> Option<f64> {
        match self {
            Self::Number => plain_value(cell.as_bytes()),
            Self::Formatted(format) => format.value(cell),
            Self::Date(format) => format.value(cell),
            Self::Boolean { no, yes } => {
                let word = cell.to_lowercase();
                [no, yes].iter().position(|known| **known == word).map(|value| value as f64)
            }
            Self::Category(_) => None,
        }
    }

    /// What a cell of this kind is called in errors.
    pub(super) fn cell(&self) -> &'static str {
        match self {
            Self::Number | Self::Formatted(_) => "a number",
            Self::Date(format) if !format.date => "a time of day",
            Self::Date(_) => "a date",
            Self::Boolean { .. } => "no or yes",
            Self::Category(_) => "a category",
        }
    }
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

impl TargetColumns {
    /// The columns themselves.
    pub fn columns(&self) -> &[Column] {
        match self {
            Self::Class(column) => std::slice::from_ref(column),
            Self::Numbers(columns) => columns,
        }
    }
}

impl CsvSchema {
    /// The names of the inputs.
    pub fn features(&self) -> Vec<Feature> {
        let mut features = Vec::new();
        for Column { name, kind, .. } in &self.inputs {
            match kind {
                ColumnKind::Number | ColumnKind::Formatted(_) => {
                    features.push(Feature { name: name.clone(), one_hot: false });
                }
                ColumnKind::Boolean { yes, .. } => {
                    features.push(Feature { name: format!("{name}={yes}"), one_hot: true });
                }
                ColumnKind::Date(format) => features.extend(format.parts().iter().map(|part| {
                    let name =
                        if part.is_empty() { name.clone() } else { format!("{name}.{part}") };
                    Feature { name, one_hot: false }
                })),
                ColumnKind::Category(values) => features.extend(
                    values
                        .iter()
                        .map(|value| Feature { name: format!("{name}={value}"), one_hot: true }),
                ),
            }
        }
        features
    }

    pub(super) fn dataset(
        &self,
        name: &str,
        path: &std::path::Path,
        rows: encode::Encoded,
    ) -> Result<Dataset, DataError> {
        let features = self.features();
        let dataset = Dataset::new(name, [features.len()], rows.inputs, rows.targets)
            .map_err(|error| error.file(path))?;
        Ok(dataset.with_features(features))
    }

    pub(super) fn targets(&self, wanted: bool, values: Vec<f64>, labels: Vec<i32>) -> Targets {
        match &self.targets {
            _ if !wanted => Targets::none(),
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
