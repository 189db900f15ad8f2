//! What a model says of the items of a file.

use std::path::Path;

use glassbox_data::{InputReader, Items, Row, Unknown};
use glassbox_train::TrainError;
use glassbox_train::data::DataError;

use crate::predictor::{Prediction, Predictor};

/// What a model says of a file.
#[derive(Debug)]
pub struct FilePredictions {
    /// Every item of the file, in order, those that cannot be read among them.
    pub items: Vec<ItemPrediction>,
    /// In what many of the items are unlike the training data, with the figures.
    pub warnings: Vec<String>,
    /// What else a user should know, such as words that the model does not know.
    pub notes: Vec<String>,
}

/// What a model says of one item of a file.
#[derive(Debug)]
pub struct ItemPrediction {
    /// The row, in a file that has one item a row.
    pub row: Option<Row>,
    /// What the model says, or why the item cannot be read.
    pub outcome: Result<Prediction, DataError>,
    /// In what the item is unlike the training data, with the figures.
    pub warnings: Vec<String>,
}

impl Predictor {
    /// Predicts a file item by item: one for an image, one a row for a table. A row that cannot be
    /// read does not keep the others from being predicted. `unknown` says what to do about values
    /// that were not in the training data; `None` as the recipe of the training said.
    ///
    /// # Errors
    /// When the file as a whole cannot be read as the training data was.
    pub fn predict_items(
        &self,
        path: &Path,
        unknown: Option<Unknown>,
    ) -> Result<FilePredictions, TrainError> {
        let config = self.config();
        let unknown = unknown.or(config.learned.unknown);
        let Items { dataset, rows, failed, size, notes } =
            config.learned.reader.read_items(path, unknown)?;
        let mut items = Vec::with_capacity(rows.len() + failed.len());
        let mut warnings = Vec::new();
        if let Some(dataset) = dataset {
            let predictions = self.predict(&dataset);
            items.extend(predictions.into_iter().enumerate().map(|(index, prediction)| {
                let (row, outcome) = (rows.get(index).copied(), Ok(prediction));
                ItemPrediction { row, outcome, warnings: Vec::new() }
            }));
            let unlike = config.learned.statistics.as_ref().map(|known| known.unlike(&dataset));
            let unlike = unlike.unwrap_or_default();
            warnings = unlike.whole;
            for (index, told) in unlike.items {
                items[index].warnings = told;
            }
            for item in &mut items {
                item.warnings.extend(unlike.shifted.iter().cloned());
            }
        }
        if let (Some(size), InputReader::Image(format), Some(known), [image]) =
            (size, &config.learned.reader, &config.learned.statistics, &mut items[..])
        {
            image.warnings.extend(known.unlike_size(size, [format.height, format.width]));
        }
        items.extend(failed.into_iter().map(|(row, error)| ItemPrediction {
            row: Some(row),
            outcome: Err(error),
            warnings: Vec::new(),
        }));
        items.sort_by_key(|item| item.row.map_or(0, |row| row.number));
        Ok(FilePredictions { items, warnings, notes })
    }
}
