//! Opening files and folders with errors that say what is wrong.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use glassbox_train::data::error::{DataError, DataErrorCode};

/// The most bytes the values of one data set may take: declared sizes beyond it are refused
/// before anything is allocated.
pub(crate) const MAX_BYTES: u64 = 8 << 30;

/// An open file and its length.
pub(crate) fn open(path: &Path) -> Result<(File, u64), DataError> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
    if metadata.is_dir() {
        return Err(DataError::new(DataErrorCode::Unreadable, "a folder is where a file belongs")
            .file(path)
            .expected("a file")
            .found("a folder"));
    }
    if metadata.len() == 0 && metadata.is_file() {
        let error = DataError::new(DataErrorCode::Empty, "the file is empty");
        return Err(error.file(path).expected("data").found("0 bytes"));
    }
    Ok((file, metadata.len()))
}

/// The entries of a folder by name; hidden ones are left out.
pub(crate) fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let entries = std::fs::read_dir(folder).map_err(|error| match error.kind() {
        ErrorKind::NotADirectory => {
            DataError::new(DataErrorCode::Unreadable, "a file is where a folder belongs")
                .file(folder)
                .expected("a folder")
                .found("a file")
        }
        _ => unreadable(folder, &error),
    })?;
    let mut listed = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            listed.push((name, path));
        }
    }
    listed.sort();
    Ok(listed)
}

/// The error for a file that cannot be opened or read.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> DataError {
    let (message, help) = match error.kind() {
        ErrorKind::NotFound => (
            "the file or folder does not exist",
            Some(
                "check the path: on the command line, a relative one starts at the current folder",
            ),
        ),
        ErrorKind::PermissionDenied => ("the file or folder may not be read", None),
        _ => ("the file or folder cannot be read", None),
    };
    let out = DataError::new(DataErrorCode::Unreadable, message)
        .file(path)
        .expected("a readable file or folder")
        .found(error);
    match help {
        Some(help) => out.help(help),
        None => out,
    }
}
