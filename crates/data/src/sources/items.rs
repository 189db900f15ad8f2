//! The items of a file to predict, each with its place, and those that cannot be read.

use std::path::Path;

use glassbox_train::data::error::{DataError, DataErrorCode};
use glassbox_train::data::{Dataset, InputStore, Targets};

use super::InputReader;
use super::images::{self, ReadImage};
use super::new_data::{Use, helped};
use crate::learned::Unknown;

/// The items of a file to predict.
#[derive(Clone, Debug)]
pub struct Items {
    /// Those that can be read; `None` when there are none.
    pub dataset: Option<Dataset>,
    /// The row of each, in a file that has one item per row.
    pub rows: Vec<Row>,
    /// The rows that cannot be read, and why.
    pub failed: Vec<(Row, DataError)>,
    /// The size of an image file, `[height, width]`, before it was resized.
    pub size: Option<[usize; 2]>,
    /// What a user should know, such as words that the model does not know.
    pub notes: Vec<String>,
}

/// Where a row is in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number, from 1, the header not counting.
    pub number: u64,
    /// The line of the file in which it begins, from 1.
    pub line: u64,
}

impl Items {
    /// A file that is one item.
    fn whole(dataset: Dataset) -> Self {
        let (rows, failed) = (Vec::new(), Vec::new());
        Self { dataset: Some(dataset), rows, failed, size: None, notes: Vec::new() }
    }
}

impl InputReader {
    /// The inputs of a file, without targets: one item for an image, a text or a series, one per
    /// row for a table or lines of text. Rows that cannot be read are told by themselves, and `unknown`
    /// says what to do about values that were not in the training data.
    ///
    /// # Errors
    /// When the file as a whole cannot be used.
    pub fn read_items(&self, path: &Path, unknown: Option<Unknown>) -> Result<Items, DataError> {
        let help = |error| helped(error, self, Use::Predict);
        let mut items = self.read(path, unknown).map_err(help)?;
        items.failed = items.failed.into_iter().map(|(row, error)| (row, help(error))).collect();
        Ok(items)
    }

    fn read(&self, path: &Path, unknown: Option<Unknown>) -> Result<Items, DataError> {
        match self {
            Self::Image(format) => {
                let ReadImage { values, size, notes } = ReadImage::of(path, *format)?;
                let inputs = InputStore::images(values);
                let dataset = Dataset::new("image", format.dims(), inputs, Targets::none())?;
                Ok(Items { size: Some(size), notes, ..Items::whole(dataset) })
            }
            Self::Table(schema) => schema.read_items(path, unknown),
            Self::Lines(schema) => schema.read_items(path, unknown),
            Self::Text(vocabulary) => {
                let (dataset, note) = super::text::read_inputs(vocabulary, path, unknown)?;
                Ok(Items { notes: note.into_iter().collect(), ..Items::whole(dataset) })
            }
            Self::Series(schema) => Ok(Items::whole(schema.read_inputs(path)?)),
            Self::None => {
                let message = "files cannot be read for a model of this data";
                let error = DataError::new(DataErrorCode::Source, message).file(path);
                Err(error.help("train on images, CSV or text to predict such files"))
            }
        }
    }

    /// Whether a file that is in a folder, by its name, is one to read: an image among other files.
    pub fn reads(&self, path: &Path) -> bool {
        const TABLES: [&str; 8] = ["csv", "tsv", "tab", "txt", "dat", "data", "gz", ""];
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        let extension = extension.to_string_lossy();
        match self {
            Self::Image(_) => images::is_named_as_image(&extension),
            Self::Table(_) | Self::Series(_) | Self::Lines(_) => TABLES.contains(&&*extension),
            Self::Text(_) | Self::None => true,
        }
    }
}

#[cfg(test)]
impl InputReader {
    /// All items of a file; the first that cannot be read is the error.
    pub(crate) fn read_all(&self, path: &Path) -> Result<Dataset, DataError> {
        let Items { dataset, mut failed, .. } = self.read_items(path, None)?;
        match failed.is_empty() {
            true => Ok(dataset.expect("items")),
            false => Err(failed.remove(0).1),
        }
    }
}
