//! What a model is to give for each item.

use super::error::{DataError, DataErrorCode};
use super::store::{check_finite, singles};

/// The targets of all items.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// One class an item.
    Classes {
        /// The class of each item, counted from 0.
        labels: Vec<i32>,
        /// The name of each class.
        names: Vec<String>,
    },
    /// One token for every step of an item, a sequence: what comes next there.
    Tokens {
        /// Item by item, `length` each, counted from 0.
        labels: Vec<i32>,
        /// The steps of an item.
        length: usize,
        /// The vocabulary: each token as text.
        names: Vec<String>,
    },
    /// `width` numbers an item.
    Values {
        /// Row-major, item by item, in their own units.
        values: Vec<f64>,
        /// How many numbers an item has; 0 for items without targets.
        width: usize,
        /// The name of each number.
        names: Vec<String>,
    },
}

impl Targets {
    /// No targets: inputs to predict.
    pub fn none() -> Self {
        Self::Values { values: Vec::new(), width: 0, names: Vec::new() }
    }

    /// The names of the classes or tokens; none for [`Targets::Values`].
    pub fn class_names(&self) -> &[String] {
        match self {
            Self::Classes { names, .. } | Self::Tokens { names, .. } => names,
            Self::Values { .. } => &[],
        }
    }

    /// How many units a model's last layer needs: the number of classes, of tokens, or of values.
    pub fn width(&self) -> usize {
        match self {
            Self::Classes { names, .. } | Self::Tokens { names, .. } => names.len(),
            Self::Values { width, .. } => *width,
        }
    }

    /// The bytes they take in memory.
    pub fn memory(&self) -> usize {
        match self {
            Self::Classes { labels, .. } | Self::Tokens { labels, .. } => 4 * labels.len(),
            Self::Values { values, .. } => 8 * values.len(),
        }
    }

    /// Fits `len` items of the data set `name`: lengths agree, labels are in range, numbers finite.
    pub(super) fn check(&self, name: &str, len: usize) -> Result<(), DataError> {
        let mismatch = |found: usize, expected: usize| {
            let message = format!("{name} does not have one target for each input");
            let error = DataError::new(DataErrorCode::CountMismatch, message);
            Err(error.expected(expected).found(found))
        };
        match self {
            Self::Classes { labels, names } => match labels.len() == len {
                true => check_labels(name, labels, 1, names.len()),
                false => mismatch(labels.len(), len),
            },
            Self::Tokens { labels, length, names } => match labels.len() == len * length {
                true => check_labels(name, labels, *length, names.len()),
                false => mismatch(labels.len(), len * length),
            },
            Self::Values { values, width, .. } => match values.len() == len * width {
                true => check_finite(name, "targets", singles(values), *width),
                false => mismatch(values.len(), len * width),
            },
        }
    }
}

/// All labels lie below `count`; `each` of them belong to an item.
fn check_labels(name: &str, labels: &[i32], each: usize, count: usize) -> Result<(), DataError> {
    let valid = |label: i32| usize::try_from(label).is_ok_and(|label| label < count);
    match labels.iter().position(|&label| !valid(label)) {
        None => Ok(()),
        Some(index) => {
            let item = index / each.max(1);
            let message = format!("the label of item {item} of {name} is not one of the classes");
            Err(DataError::new(DataErrorCode::LabelRange, message)
                .expected(format!("0 to {}", count.saturating_sub(1)))
                .found(labels[index])
                .help("labels count the classes from 0: check the list of class names"))
        }
    }
}
