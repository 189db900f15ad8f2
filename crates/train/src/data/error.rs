//! What can be wrong with data, told for people: a code, a place, what was expected, what was
//! found, and what helps.

use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};

mod codes;

pub use codes::DataErrorCode;
/// Where in the data something is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file or folder.
    pub file: Option<PathBuf>,
    /// The line of a text file, from 1.
    pub line: Option<u64>,
    /// The column of a table, by name.
    pub column: Option<String>,
    /// The byte of a binary file, from 0.
    pub offset: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
        }
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column:?}")?;
        }
        match self.offset {
            Some(offset) => write!(f, ", byte {offset}"),
            None => Ok(()),
        }
    }
}

/// What is wrong, where, what was expected, what was found, and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The kind of the error.
    pub code: DataErrorCode,
    /// One sentence.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What would have been right.
    pub expected: Option<String>,
    /// What was there instead.
    pub found: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

/// Data that cannot be used. Its [`Details`] can be read as its own fields.
///
/// ```
/// use glassbox_data::{DataSource, IdxConfig};
/// use glassbox_train::data::DataErrorCode;
///
/// let source = DataSource::Idx(IdxConfig { path: "no-such-folder".into(), ..Default::default() });
/// let error = source.load(".".as_ref()).unwrap_err();
/// assert_eq!(error.code, DataErrorCode::Unreadable);
/// assert!(error.to_string().starts_with("GB0301 × "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct DataError(Box<Details>);

impl Deref for DataError {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl DataError {
    /// An error of a kind, with one sentence that says what is wrong.
    pub fn new(code: DataErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            code,
            message: message.into(),
            place: Place::default(),
            expected: None,
            found: None,
            help: None,
        }))
    }

    /// Names the file or folder.
    #[must_use]
    pub fn file(mut self, file: impl AsRef<Path>) -> Self {
        self.0.place.file = Some(file.as_ref().to_path_buf());
        self
    }

    /// Names the line, from 1.
    #[must_use]
    pub fn line(mut self, line: u64) -> Self {
        self.0.place.line = Some(line);
        self
    }

    /// Names the column of a table.
    #[must_use]
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.0.place.column = Some(column.into());
        self
    }

    /// Names the byte of a binary file, from 0.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.0.place.offset = Some(offset);
        self
    }

    /// Says what would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.0.expected = Some(expected.to_string());
        self
    }

    /// Says what was there instead.
    #[must_use]
    pub fn found(mut self, found: impl fmt::Display) -> Self {
        self.0.found = Some(found.to_string());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}", self.code, self.message)?;
        let place = self.place.to_string();
        if !place.is_empty() {
            write!(f, "\n  at: {place}")?;
        }
        let parts = [("expected", &self.expected), ("found", &self.found), ("help", &self.help)];
        for (name, part) in parts {
            if let Some(part) = part {
                write!(f, "\n  {name}: {part}")?;
            }
        }
        Ok(())
    }
}

/// A cell, key or file name from outside, short enough for a message.
pub fn quote(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

/// The first names of a list, and whether there are more.
pub fn first_of<'a>(names: impl IntoIterator<Item = &'a str>, shown: usize) -> String {
    let mut names = names.into_iter();
    let mut listed: Vec<&str> = names.by_ref().take(shown).collect();
    listed.extend(names.next().map(|_| "…"));
    listed.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_ordered() {
        let codes = DataErrorCode::ALL.map(DataErrorCode::as_str);
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        assert!(codes.iter().all(|c| c.starts_with("GB03") && c.len() == 6));
    }

    #[test]
    fn an_error_prints_all_its_parts() {
        let error = DataError::new(DataErrorCode::NotANumber, "a value is not a number")
            .file("houses.csv")
            .line(12)
            .column("rooms")
            .expected("a number")
            .found(quote("three"))
            .help("correct it");
        assert_eq!(
            error.to_string(),
            "GB0312 × a value is not a number\n  at: houses.csv:12, column \"rooms\"\n  \
             expected: a number\n  found: \"three\"\n  help: correct it"
        );
        assert_eq!(quote(&"ä".repeat(50)), format!("\"{}\"…", "ä".repeat(40)));
    }
}
