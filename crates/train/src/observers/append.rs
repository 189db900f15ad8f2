//! A file to which lines are appended, and which a resumed run continues.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A file of JSON objects, one a line, appended and never rewritten.
///
/// Its length is part of the training state: a resumed run cuts what the interrupted one wrote
/// after its last checkpoint and writes the same again.
pub(super) struct AppendedLines {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    length: u64,
}

impl AppendedLines {
    /// The file `path`, not open yet.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None, length: 0 }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes written so far.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Continues after so many bytes.
    pub(super) fn set_length(&mut self, length: u64) {
        self.length = length;
    }

    /// Opens the file and cuts what stands after the known length.
    pub(super) fn open(&mut self) -> Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.create(true).truncate(false).write(true).open(&self.path)?;
        file.set_len(self.length)?;
        file.seek(SeekFrom::End(0))?;
        self.file = Some(BufWriter::new(file));
        Ok(())
    }

    /// Appends a line, to a file that is open.
    pub(super) fn append(&mut self, line: &Value) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let line = format!("{line}\n");
        file.write_all(line.as_bytes())?;
        self.length += line.len() as u64;
        Ok(())
    }

    /// Lets the system have everything.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.file.as_mut().map_or(Ok(()), BufWriter::flush)
    }
}
