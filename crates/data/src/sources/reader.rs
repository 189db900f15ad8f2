//! Reading files to predict as the training data was read.

use glassbox_train::data::Vocabulary;
use serde::{Deserialize, Serialize};

use super::csv::infer::numbered;
use super::csv::{ColumnRef, CsvSchema};
use super::images::ImageFormat;
use super::lines::LinesSchema;
use super::series::SeriesSchema;

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
