//! What is to be predicted: files, those in folders, and the standard input.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use glassbox_data::InputReader;
use tempfile::NamedTempFile;

use super::Tally;
use crate::terminal::complain;

/// A file to predict, or the standard input.
pub struct Input(PathBuf);

/// A file that can be read more than once.
pub enum Opened<'a> {
    /// As the user named it.
    AsIs(&'a Path),
    /// A copy of what came through a pipe.
    Copy(NamedTempFile, &'a Input),
}

impl Input {
    /// The path as given; `-` is the standard input.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path as it is printed. Ends of lines and other control characters are escaped: one item is one
    /// line, and a name does not command the terminal.
    pub fn name(&self) -> String {
        let shown = self.0.display().to_string();
        let escaped = |c: char| match c.is_control() {
            true => c.escape_default().to_string(),
            false => c.to_string(),
        };
        shown.chars().map(escaped).collect()
    }

    fn is_standard_input(&self) -> bool {
        self.0 == Path::new("-")
    }

    /// A file that can be read more than once: what comes through a pipe is copied.
    ///
    /// # Errors
    /// When a pipe cannot be read: the message to print.
    pub fn open(&self) -> Result<Opened<'_>, String> {
        let pipe = self.is_standard_input()
            || fs::metadata(&self.0).is_ok_and(|data| !data.is_file() && !data.is_dir());
        if !pipe {
            return Ok(Opened::AsIs(&self.0));
        }
        let copy = || -> io::Result<NamedTempFile> {
            let mut copy = NamedTempFile::with_prefix("glassbox-input-")?;
            match self.is_standard_input() {
                true => io::copy(&mut io::stdin().lock(), copy.as_file_mut())?,
                false => io::copy(&mut File::open(&self.0)?, copy.as_file_mut())?,
            };
            Ok(copy)
        };
        match copy() {
            Ok(copy) => Ok(Opened::Copy(copy, self)),
            Err(error) => Err(format!("error: {}: {error}", self.name())),
        }
    }
}

impl Opened<'_> {
    /// Where it can be read.
    pub fn path(&self) -> &Path {
        match self {
            Self::AsIs(path) => path,
            Self::Copy(copy, _) => copy.path(),
        }
    }

    /// A message, in which a copy has the name of what it is one of.
    pub fn called(&self, message: &str) -> String {
        match self {
            Self::AsIs(_) => message.to_owned(),
            Self::Copy(copy, input) => {
                message.replace(&copy.path().display().to_string(), &input.name())
            }
        }
    }
}

/// The files, and those in the folders and in their folders, in order of their paths. Files of a
/// folder that are not of the kind to read are left out, which is said; a folder without any counts
/// as a file that failed.
pub fn expand(paths: &[PathBuf], reader: &InputReader) -> (Vec<Input>, Tally) {
    let (mut inputs, mut tally) = (Vec::new(), Tally::default());
    for path in paths {
        if !path.is_dir() {
            inputs.push(Input(path.clone()));
            continue;
        }
        let mut found = Found::default();
        let walked = walk(path, reader, &mut found);
        let count = found.files.len();
        let others = match found.others {
            0 => String::new(),
            1 => "1 other file".into(),
            many => format!("{many} other files"),
        };
        match walked {
            Err(error) => {
                complain!("error: {}: {error}", path.display());
                (tally.files, tally.failed_files) = (tally.files + 1, tally.failed_files + 1);
            }
            Ok(()) if count == 0 => {
                let found = if others.is_empty() { "no files" } else { &others };
                let (path, what) = (path.display(), reader.what());
                complain!(
                    "error: {path} has nothing to predict\n  expected: {what}\n  found: {found}"
                );
                (tally.files, tally.failed_files) = (tally.files + 1, tally.failed_files + 1);
            }
            Ok(()) if !others.is_empty() => {
                complain!("note: {}: {others} left out: not {}", path.display(), reader.what());
            }
            Ok(()) => {}
        }
        found.files.sort();
        inputs.extend(found.files.into_iter().map(Input));
    }
    (inputs, tally)
}

/// What is in a folder.
#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    others: usize,
    /// Folders that were seen: links may lead back to them.
    seen: BTreeSet<PathBuf>,
}

fn walk(folder: &Path, reader: &InputReader, found: &mut Found) -> io::Result<()> {
    if !found.seen.insert(fs::canonicalize(folder)?) {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden {
            continue;
        }
        if path.is_dir() {
            walk(&path, reader, found)?;
        } else if path.is_file() && reader.reads(&path) {
            found.files.push(path);
        } else {
            found.others += 1;
        }
    }
    Ok(())
}
