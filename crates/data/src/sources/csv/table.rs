//! Rows of a CSV file, with errors that name the line.

use std::path::{Path, PathBuf};

use glassbox_train::data::error::{DataError, DataErrorCode, quote};

use super::bytes;
use super::tokens::{Fault, Tokens};

/// Reads one row after another.
pub(in crate::sources) struct Rows {
    tokens: Tokens,
    path: PathBuf,
    delimiter: char,
    /// The number of cells of the first row.
    width: Option<usize>,
    /// Whether no row can be read any more.
    broken: bool,
}

/// One row: its line in the file and its cells without surrounding blanks.
pub(in crate::sources) struct Row<'a> {
    pub(in crate::sources) line: u64,
    pub(in crate::sources) cells: Vec<&'a str>,
}

impl Rows {
    /// Without a delimiter it is found from the first rows.
    pub(super) fn open(path: &Path, delimiter: Option<char>) -> Result<Self, DataError> {
        let opened = bytes::open(path, delimiter)?;
        let tokens = Tokens::new(opened.input, opened.delimiter, opened.line);
        let delimiter = char::from(opened.delimiter);
        Ok(Self { tokens, path: path.to_path_buf(), delimiter, width: None, broken: false })
    }

    /// What separates cells.
    pub(in crate::sources) fn delimiter(&self) -> char {
        self.delimiter
    }

    /// The first row.
    pub(super) fn first(&mut self) -> Result<Row<'_>, DataError> {
        let none = DataError::new(DataErrorCode::Empty, "the file has no rows")
            .file(&self.path)
            .expected("rows of cells")
            .found("blank lines");
        self.next()?.ok_or(none)
    }

    /// The row will be the next one again.
    pub(super) fn repeat(&mut self) {
        self.tokens.repeat();
    }

    /// Goes to the next row, whose cells are then in [`Rows::cell`]; `false` at the end.
    pub(in crate::sources) fn advance(&mut self) -> Result<bool, DataError> {
        match self.tokens.advance() {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(fault) => {
                self.broken = true;
                return Err(self.fault(&fault));
            }
        }
        let found = self.tokens.len();
        let width = *self.width.get_or_insert(found);
        if found == width {
            return Ok(true);
        }
        Err(DataError::new(DataErrorCode::CsvStructure, "a row has another number of cells")
            .file(&self.path)
            .line(self.line())
            .expected(format!("{width} cells, as in the first row"))
            .found(found)
            .help("check the delimiter, and quotes around cells that contain it"))
    }

    /// Whether the rows after an error can be read: not after bytes that cannot be, an open
    /// quotation mark or a row without an end.
    pub(in crate::sources) fn are_whole(&self) -> bool {
        !self.broken
    }

    /// The line of the row.
    pub(in crate::sources) fn line(&self) -> u64 {
        self.tokens.line()
    }

    /// A cell of the row without surrounding blanks.
    pub(in crate::sources) fn cell(&self, index: usize) -> &[u8] {
        self.tokens.cell(index)
    }

    /// The number of cells of the row.
    pub(super) fn cells(&self) -> usize {
        self.tokens.len()
    }

    /// A cell of the row as text.
    pub(in crate::sources) fn text(&self, index: usize) -> Result<&str, DataError> {
        let cell = self.tokens.cell(index);
        std::str::from_utf8(cell).map(str::trim).map_err(|_| {
            DataError::new(DataErrorCode::CsvStructure, "the file is not UTF-8 text")
                .file(&self.path)
                .line(self.line())
                .expected("UTF-8")
                .found(format!("{} in cell {index}", quote(&String::from_utf8_lossy(cell))))
                .help("save the file with the encoding UTF-8")
        })
    }

    /// The next row as text, or nothing at the end.
    pub(in crate::sources) fn next(&mut self) -> Result<Option<Row<'_>>, DataError> {
        if !self.advance()? {
            return Ok(None);
        }
        let cells = (0..self.tokens.len()).map(|index| self.text(index));
        Ok(Some(Row { line: self.line(), cells: cells.collect::<Result<_, _>>()? }))
    }

    fn fault(&self, fault: &Fault) -> DataError {
        let error = |message| {
            let error = DataError::new(DataErrorCode::CsvStructure, message).file(&self.path);
            error.line(self.tokens.next_line())
        };
        match fault {
            Fault::Io(error) => bytes::unreadable(&self.path, error),
            Fault::Unclosed => error("a quotation mark is not closed")
                .expected("a second quotation mark at the end of the cell")
                .found("the end of the file")
                .help("close it, or double quotation marks inside cells"),
            Fault::TooLong => error("a row is too long")
                .expected("at most 1 GiB")
                .found("more")
                .help("check that lines end, and that quotation marks are closed"),
        }
    }
}
