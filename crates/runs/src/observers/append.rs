//! A file to which lines are appended, and which a resumed run continues.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use glassbox_train::{Flow, TrainError};
use serde_json::Value;

use crate::RunError;

/// The length of a log up to the end of `epoch`: of `metrics.jsonl` or `lags.jsonl`. A run that goes
/// back to that epoch without the state that remembers the length cuts its logs there.
pub fn length_after_epoch(path: &Path, epoch: usize) -> u64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let (mut length, mut end) = (0, 0);
    for line in text.split_inclusive('\n') {
        length += line.len() as u64;
        let value: Value = serde_json::from_str(line).unwrap_or_default();
        let is_end = value.get("event").is_none_or(|event| event == "epoch");
        if is_end && value["epoch"] == epoch {
            end = length;
        }
    }
    end
}

/// A file of JSON objects, one a line, appended and never rewritten.
///
/// Its length is part of the training state: a resumed run cuts what the interrupted one wrote
/// after its last checkpoint and writes the same again.
pub(super) struct AppendedLines {
    /// What the length is called in the training state.
    name: &'static str,
    path: PathBuf,
    file: Option<BufWriter<File>>,
    length: u64,
}

impl AppendedLines {
    /// The file `path`, not open yet.
    pub(super) fn new(name: &'static str, path: PathBuf) -> Self {
        Self { name, path, file: None, length: 0 }
    }

    /// What an observer has to survive an interruption.
    pub(super) fn state(&self) -> Option<(&'static str, Value)> {
        Some((self.name, self.length.into()))
    }

    /// Takes the length saved under this file's name back.
    pub(super) fn restore(&mut self, name: &str, value: &Value) {
        if name == self.name
            && let Some(length) = value.as_u64()
        {
            self.length = length;
        }
    }

    /// What an observer returns after writing.
    pub(super) fn flow(&self, outcome: Result<()>) -> std::result::Result<Flow, TrainError> {
        match outcome {
            Ok(()) => Ok(Flow::Continue),
            Err(source) => Err(RunError::Log { path: self.path.clone(), source }.into()),
        }
    }

    /// Opens the file and cuts what comes after the known length. A file that is shorter, or gone,
    /// continues from where it ends: to fill it up would put zero bytes between its lines.
    pub(super) fn open(&mut self) -> Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.create(true).truncate(false).write(true).open(&self.path)?;
        self.length = self.length.min(file.metadata()?.len());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_gone_or_shorter_goes_on_from_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        for (before, length, after) in
            [("", 20, "1\n"), ("0\n", 20, "0\n1\n"), ("0\n9\n", 2, "0\n1\n")]
        {
            std::fs::write(&path, before).unwrap();
            let mut lines = AppendedLines::new("log", path.clone());
            lines.restore("log", &length.into());
            lines.open().unwrap();
            lines.append(&1.into()).unwrap();
            lines.flush().unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
            assert_eq!(lines.state(), Some(("log", after.len().into())));
        }
    }

    #[test]
    fn a_log_is_cut_behind_its_epoch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let lines = [
            "{\"event\":\"step\",\"step\":1,\"epoch\":1}\n",
            "{\"event\":\"epoch\",\"epoch\":1}\n",
            "{\"event\":\"step\",\"step\":2,\"epoch\":2}\n",
            "{\"event\":\"epoch\",\"epoch\":2}\n",
        ];
        std::fs::write(&path, lines.concat()).unwrap();
        assert_eq!(length_after_epoch(&path, 1), lines[..2].concat().len() as u64);
        assert_eq!(length_after_epoch(&path, 2), lines.concat().len() as u64);
        assert_eq!(length_after_epoch(&path, 7), 0);
        assert_eq!(length_after_epoch(&folder.path().join("none"), 1), 0);
    }
}
