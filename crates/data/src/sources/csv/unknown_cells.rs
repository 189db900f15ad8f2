//! Categories that training did not see.

use std::path::Path;

use glassbox_train::data::error::quote;

/// Cells that were read as none of the known categories, by column.
#[derive(Default)]
pub(super) struct UnknownCells {
    /// Column, how many, and the first.
    columns: Vec<(String, usize, String)>,
    /// Those of the row that is being read, which may be left out.
    row: Vec<(String, String)>,
}

impl UnknownCells {
    pub(super) fn note(&mut self, column: &str, text: &str) {
        self.row.push((column.to_owned(), text.to_owned()));
    }

    pub(super) fn drop_row(&mut self) {
        self.row.clear();
    }

    pub(super) fn keep(&mut self) {
        for (column, text) in self.row.drain(..) {
            match self.columns.iter_mut().find(|(known, ..)| *known == column) {
                Some((_, count, _)) => *count += 1,
                None => self.columns.push((column, 1, text)),
            }
        }
    }

    /// A sentence for each column.
    pub(super) fn told(self, path: &Path) -> Vec<String> {
        let told = |(column, count, first): (String, usize, String)| {
            let (cells, are) = if count == 1 { ("cell", "is") } else { ("cells", "are") };
            format!(
                "{}: {count} {cells} of {column:?} {are} none of the known categories and read as \
                 none of them; the first is {}",
                path.display(),
                quote(&first)
            )
        };
        self.columns.into_iter().map(told).collect()
    }
}
