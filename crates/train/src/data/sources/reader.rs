//! Reading files to predict as the training data was read.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::csv::infer::numbered;
use super::csv::{ColumnRef, CsvSchema};
use super::images::{self, ImageFormat};
use super::lines::LinesSchema;
use super::series::SeriesSchema;
use super::text;
use crate::data::dataset::{Dataset, InputStore};
use crate::data::error::{DataError, DataErrorCode};
use crate::data::targets::Targets;
use crate::data::vocabulary::Vocabulary;

/// How to read a file of new inputs as the training data was read; part of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputReader {
    /// Nothing is known about files.
    None,
    /// An image file, resized to the training images' size.
    Image(ImageFormat),
    /// A CSV file with the training file's columns.
    Table(CsvSchema),
    /// A text file of these tokens.
    Text(Vocabulary),
    /// A CSV file that ends with the steps before those to predict.
    Series(SeriesSchema),
    /// A CSV file with a column of texts.
    Lines(LinesSchema),
}

impl InputReader {
    /// The tokens of texts, where texts are read.
    pub fn vocabulary(&self) -> Option<&Vocabulary> {
        match self {
            Self::Text(vocabulary) => Some(vocabulary),
            Self::Lines(schema) => Some(&schema.vocabulary),
            _ => None,
        }
    }

    /// The inputs of a file, without targets: one item for an image, a text or a series, one a
    /// row for a table.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn read(&self, path: &Path) -> Result<Dataset, DataError> {
        match self {
            Self::None => {
                let message = "files cannot be read for a model of this data";
                let error = DataError::new(DataErrorCode::Source, message).file(path);
                Err(error.help("train on images, CSV or text to predict such files"))
            }
            Self::Image(format) => {
                let values = images::read_image(path, *format)?;
                let shape = [format.height, format.width, format.channels];
                Dataset::new("image", shape, InputStore::images(values), Targets::none())
            }
            Self::Table(schema) => schema.read_inputs(path),
            Self::Lines(schema) => schema.read_inputs(path),
            Self::Series(schema) => schema.read_inputs(path),
            Self::Text(vocabulary) => Ok(text::read_inputs(vocabulary, path, None)?.0),
        }
    }

    /// What files it reads, for people.
    pub fn what(&self) -> &'static str {
        match self {
            Self::None => "data without files",
            Self::Image(_) => "images",
            Self::Table(_) => "a table",
            Self::Text(_) => "a text",
            Self::Series(_) => "a time series",
            Self::Lines(_) => "lines of text with their classes",
        }
    }

    /// The names of the values of an item, where it has columns.
    pub(crate) fn value_names(&self) -> Vec<String> {
        match self {
            Self::Table(schema) => schema.features().into_iter().map(|f| f.name).collect(),
            Self::Series(schema) => schema
                .features
                .iter()
                .map(|column| match column {
                    ColumnRef::Name(name) => name.clone(),
                    ColumnRef::Index(index) => numbered(*index),
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}
