//! Rows of a CSV file as UTF-8 cells, with errors that name the line.

use std::fs::File;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use crate::data::error::{DataError, DataErrorCode, quote};
use crate::data::files;

/// Reads one row after another.
pub(in crate::data::sources) struct Rows {
    reader: Reader<File>,
    record: ByteRecord,
    path: PathBuf,
}

/// One row: its line in the file and its cells without surrounding blanks.
pub(in crate::data::sources) struct Row<'a> {
    pub(in crate::data::sources) line: u64,
    pub(in crate::data::sources) cells: Vec<&'a str>,
}

impl Rows {
    pub(super) fn open(path: &Path, delimiter: char) -> Result<Self, DataError> {
        if !delimiter.is_ascii() || matches!(delimiter, '"' | '\n' | '\r') {
            let error = DataError::new(DataErrorCode::Source, "the delimiter is impossible");
            let found = format!("{delimiter:?}");
            return Err(error.file(path).expected("one ASCII character").found(found));
        }
        let (file, _) = files::open(path)?;
        let delimiter = u8::try_from(delimiter).unwrap_or(b',');
        let reader = ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(file);
        Ok(Self { reader, record: ByteRecord::new(), path: path.to_path_buf() })
    }

    /// The first row.
    pub(super) fn first(&mut self) -> Result<Row<'_>, DataError> {
        let none = DataError::new(DataErrorCode::Empty, "the file has no rows")
            .file(&self.path)
            .expected("rows of cells")
            .found("blank lines");
        self.next()?.ok_or(none)
    }

    /// The next row with the blank lines before it, which matter in a file of one column alone; or
    /// nothing at the end.
    pub(super) fn next_with_blanks(&mut self) -> Option<(Blank, Result<Row<'_>, DataError>)> {
        let before = self.reader.position().line();
        let outcome = match self.next() {
            Ok(None) => return None,
            outcome => outcome.map(|_| ()),
        };
        let inside = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let lines = self.reader.position().line() - before;
        let blank = match self.record.len() {
            1 if outcome.is_ok() => {
                Blank { first: before, count: lines.saturating_sub(1 + inside) }
            }
            _ => Blank { first: before, count: 0 },
        };
        let line = before + blank.count;
        Some((blank, outcome.and_then(|()| self.row()).map(|row| Row { line, ..row })))
    }

    /// The next row, or nothing at the end.
    pub(in crate::data::sources) fn next(&mut self) -> Result<Option<Row<'_>>, DataError> {
        let more = self.reader.read_byte_record(&mut self.record);
        if !more.map_err(|error| structure_error(&error, &self.path))? {
            return Ok(None);
        }
        self.row().map(Some)
    }

    /// The row that was read last.
    fn row(&self) -> Result<Row<'_>, DataError> {
        let line = self.record.position().map_or(0, csv::Position::line);
        let mut cells = Vec::with_capacity(self.record.len());
        for (index, cell) in self.record.iter().enumerate() {
            let text = std::str::from_utf8(cell).map_err(|_| {
                DataError::new(DataErrorCode::CsvStructure, "the file is not UTF-8 text")
                    .file(&self.path)
                    .line(line)
                    .expected("UTF-8")
                    .found(format!("{} in cell {index}", quote(&String::from_utf8_lossy(cell))))
                    .help("save the file with the encoding UTF-8")
            })?;
            cells.push(text.trim());
        }
        Ok(Row { line, cells })
    }
}

/// Blank lines before a row.
pub(super) struct Blank {
    first: u64,
    count: u64,
}

impl Blank {
    /// Their numbers.
    pub(super) fn lines(&self) -> std::ops::Range<u64> {
        self.first..self.first + self.count
    }
}

fn structure_error(error: &csv::Error, path: &Path) -> DataError {
    match error.kind() {
        ErrorKind::Io(error) => files::unreadable(path, error),
        ErrorKind::UnequalLengths { pos, expected_len, len } => {
            DataError::new(DataErrorCode::CsvStructure, "a row has another number of cells")
                .file(path)
                .line(pos.as_ref().map_or(0, csv::Position::line))
                .expected(format!("{expected_len} cells, as in the first row"))
                .found(len)
                .help("check the delimiter, and quotes around cells that contain it")
        }
        _ => DataError::new(DataErrorCode::CsvStructure, "the file is not CSV")
            .file(path)
            .expected("rows of cells")
            .found(error),
    }
}

/// Whether a cell says that its value is not known.
pub(in crate::data::sources) fn is_missing(cell: &str) -> bool {
    matches!(cell, "" | "NA" | "N/A" | "null" | "NULL" | "?")
}
