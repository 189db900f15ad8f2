//! A table read through the columns of another, row by row.

use std::path::Path;

use glassbox_train::data::error::DataError;

use super::CsvSchema;
use super::encode::{self, Wanted};
use crate::learned::Unknown;
use crate::sources::{InputReader, Items, Loaded};

impl CsvSchema {
    /// The rows of a file to predict, one by one: one that cannot be read does not keep the others
    /// from it.
    pub(in crate::sources) fn read_items(
        &self,
        path: &Path,
        unknown: Option<Unknown>,
    ) -> Result<Items, DataError> {
        let wanted = Wanted { each_row: true, unknown, ..Wanted::INPUTS };
        let mut encoded = self.read(path, wanted)?;
        let rows = std::mem::take(&mut encoded.rows);
        let failed = std::mem::take(&mut encoded.failed);
        let notes = std::mem::take(&mut encoded.others);
        let dataset = match rows.is_empty() {
            true => None,
            false => Some(self.dataset("csv", path, encoded)?),
        };
        Ok(Items { dataset, rows, failed, size: None, notes })
    }

    /// The rows of a file that has the targets, too, and what a user should know: where the model's
    /// own rows with missing values were left out, these are, and the first row that cannot be read
    /// is an error.
    pub(in crate::sources) fn load_known(
        &self,
        path: &Path,
        unknown: Option<Unknown>,
    ) -> Result<Loaded, DataError> {
        let mut encoded = self.read(path, Wanted { unknown, ..Wanted::LABELLED })?;
        let mut notes = std::mem::take(&mut encoded.others);
        let skipped = encoded.skipped;
        if skipped > 0 {
            notes.push(encode::left_out(skipped, path.display()));
        }
        let name = path.file_stem().map_or("csv".into(), |name| name.to_string_lossy());
        let dataset = self.dataset(&name, path, encoded)?;
        Ok(Loaded { skipped, ..Loaded::new(dataset, InputReader::None, notes) })
    }
}
