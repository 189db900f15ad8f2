//! Short texts and their classes in a CSV file.

use std::path::{Path, PathBuf};

use glassbox_train::data::error::{DataError, DataErrorCode};
use glassbox_train::data::vocabulary::{Known, Unit, Vocabulary};
use glassbox_train::data::{Dataset, Targets};
use serde::{Deserialize, Serialize};

use super::csv::infer::{self, Head};
use super::csv::names::{self, Names};
use super::csv::{ColumnRef, Header};
use super::{InputReader, Items, Loaded, Row, text};
use crate::files::MAX_BYTES;
use crate::learned::{Learned, Unknown};

/// A CSV file, UTF-8, one text and its class a row. Inputs are tokens `[time]`, for an embedding:
/// as many as the longest text has, or `seq_len`. What follows a shorter text is padding, which
/// is no token, and which no layer counts: see [`Cx::with_lengths`](glassbox_nn::Cx::with_lengths).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinesConfig {
    /// The file.
    pub path: PathBuf,
    /// What separates cells; when absent, the first rows show it.
    pub delimiter: Option<char>,
    /// Whether the first row names the columns; it does unless said otherwise.
    pub header: Header,
    /// The column of the texts; the first when absent.
    pub text: Option<ColumnRef>,
    /// The column of the classes; the last when absent.
    pub target: Option<ColumnRef>,
    /// What a token is.
    pub unit: Unit,
    /// Tokens of an item; longer texts are cut off there. When absent, those of the longest text.
    pub seq_len: Option<usize>,
    /// The size of the vocabulary of words; the other words become one.
    pub max_words: usize,
}

impl Default for LinesConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            delimiter: None,
            // Where everything is text, a first row of names looks like any other.
            header: Header::Present,
            text: None,
            target: None,
            unit: Unit::default(),
            seq_len: None,
            max_words: 10_000,
        }
    }
}

/// How the texts of another file become the same tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinesSchema {
    /// What separates cells.
    pub delimiter: char,
    /// Whether the first row names the columns.
    pub header: bool,
    /// The column of the texts: by name if there is a header, by index otherwise.
    pub text: ColumnRef,
    /// The tokens.
    pub vocabulary: Vocabulary,
    /// Tokens of an item.
    pub steps: usize,
    /// What stands behind shorter texts: the number after the last token. Earlier versions put the
    /// first token there, and counted it in layers that are not recurrent.
    #[serde(default)]
    pub padding: i32,
    /// The column of the classes, as `text`; `None` in files of earlier versions.
    #[serde(default)]
    pub target: Option<ColumnRef>,
}

/// The cells of a file that are used, by row.
struct Cells {
    head: Head,
    /// The columns of the texts and of the classes.
    columns: (usize, Option<usize>),
    texts: Vec<String>,
    classes: Vec<String>,
    /// The line of each row.
    lines: Vec<u64>,
}

impl LinesConfig {
    /// Reads the texts and their classes.
    ///
    /// # Errors
    /// When the file is damaged, a text or class is missing, or there are fewer than two classes.
    pub fn load(&self, base_dir: &Path) -> Result<Loaded, DataError> {
        let path = base_dir.join(&self.path);
        self.seq_len.map_or(Ok(()), text::check_seq_len)?;
        let first = ColumnRef::Index(0);
        let text = self.text.as_ref().unwrap_or(&first);
        let cells = read(&path, self.delimiter, self.header, text, Some(&self.target))?;
        let whole = cells.texts.join(if self.unit == Unit::Word { " " } else { "" });
        let vocabulary = Vocabulary::of(&whole, self.unit, self.max_words);
        // Its own texts have no character that is not in the vocabulary.
        let items = vocabulary.encode_all(&cells.texts).unwrap_or_default();
        let longest = items.iter().map(Vec::len).max().unwrap_or(1);
        let padding = vocabulary.len() as i32;
        let schema = LinesSchema {
            delimiter: cells.head.delimiter,
            header: cells.head.header,
            text: cells.head.reference(cells.columns.0),
            vocabulary,
            steps: self.seq_len.unwrap_or(longest),
            padding,
            target: cells.columns.1.map(|column| cells.head.reference(column)),
        };
        let dataset = schema.dataset(&items, classes(&cells, &path)?, &path)?;
        let mut notes = cells.head.notes.clone();
        notes.extend(schema.cut_off(&items, &path));
        Ok(Loaded::new(dataset, InputReader::Lines(schema), notes))
    }
}

impl LinesConfig {
    /// Reads texts and classes as a model knows them.
    pub(super) fn load_known(
        &self,
        base_dir: &Path,
        schema: &LinesSchema,
        learned: &Learned,
    ) -> Result<Loaded, DataError> {
        let path = base_dir.join(&self.path);
        let target = schema.target.as_ref().or(self.target.as_ref()).cloned();
        let header = schema.header.into();
        let cells = read(&path, Some(schema.delimiter), header, &schema.text, Some(&target))?;
        let known = Names::new(&learned.names);
        let mut labels = Vec::with_capacity(cells.classes.len());
        for (class, line) in cells.classes.iter().zip(&cells.lines) {
            let Some(label) = known.place(class) else {
                let name = cells.columns.1.map_or("", |column| &cells.head.names[column]);
                let error = Learned::unknown_class(&learned.names, class);
                return Err(error.file(&path).line(*line).column(name));
            };
            labels.push(label as i32);
        }
        let targets = Targets::Classes { labels, names: learned.names.clone() };
        let (dataset, notes) = schema.encoded(&cells, targets, &path, learned.unknown)?;
        Ok(Loaded::new(dataset, InputReader::None, notes))
    }
}

impl LinesSchema {
    /// Texts as tokens, and what a user should know of them.
    fn encoded(
        &self,
        cells: &Cells,
        targets: Targets,
        path: &Path,
        unknown: Option<Unknown>,
    ) -> Result<(Dataset, Vec<String>), DataError> {
        let line = |text: usize, _| cells.lines[text];
        let (items, note) = text::encode(&self.vocabulary, &cells.texts, &line, path, unknown)?;
        let notes = note.into_iter().chain(self.cut_off(&items, path)).collect();
        Ok((self.dataset(&items, targets, path)?, notes))
    }

    /// The texts of a file to predict, row by row.
    pub(super) fn read_items(
        &self,
        path: &Path,
        unknown: Option<Unknown>,
    ) -> Result<Items, DataError> {
        let (head, mut rows) = infer::open(path, Some(self.delimiter), self.header.into())?;
        let column = infer::find("text", &self.text, &head, path)?;
        let (mut texts, mut places, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        let (mut number, known) = (0, self.vocabulary.known());
        loop {
            number += 1;
            let row = match rows.next() {
                Ok(None) => break,
                Ok(Some(row)) => row,
                // A row of another width, say: those after it can be read.
                Err(error) => {
                    if !rows.are_whole() {
                        return Err(error);
                    }
                    let line = error.place.line.unwrap_or(0);
                    failed.push((Row { number, line }, error));
                    continue;
                }
            };
            let place = Row { number, line: row.line };
            let text = row.cells[column];
            match self.readable(&known, text, unknown) {
                Err(error) => {
                    let error = error.file(path).line(row.line).column(&head.names[column]);
                    failed.push((place, error));
                }
                Ok(()) => {
                    texts.push(text.to_owned());
                    places.push(place);
                }
            }
        }
        if places.is_empty() && failed.is_empty() {
            return Err(no_rows(path));
        }
        let lines = places.iter().map(|place| place.line).collect();
        let cells = Cells { head, columns: (column, None), texts, classes: Vec::new(), lines };
        let (dataset, notes) = match places.is_empty() {
            true => (None, Vec::new()),
            false => {
                let (dataset, notes) = self.encoded(&cells, Targets::none(), path, unknown)?;
                (Some(dataset), notes)
            }
        };
        Ok(Items { dataset, rows: places, failed, size: None, notes })
    }

    /// Whether a text has nothing that the model does not know.
    fn readable(
        &self,
        known: &Known<'_>,
        text: &str,
        unknown: Option<Unknown>,
    ) -> Result<(), DataError> {
        if text.is_empty() {
            return Err(missing());
        }
        text::readable(known, &[text], unknown).map(|_| ())
    }

    /// Whether padding counts as the first token in all layers but recurrent ones, as it did in
    /// earlier versions.
    pub fn padding_is_a_token(&self) -> bool {
        (self.padding as usize) < self.vocabulary.len()
    }

    /// What to say of texts that are longer than an item.
    fn cut_off(&self, items: &[Vec<i32>], path: &Path) -> Option<String> {
        let (steps, path) = (self.steps, path.display());
        match items.iter().filter(|tokens| tokens.len() > steps).count() {
            0 => None,
            1 => Some(format!("{path}: 1 text is cut off after {steps} tokens")),
            cut => Some(format!("{path}: {cut} texts are cut off after {steps} tokens")),
        }
    }

    /// Items of so many steps: longer texts are cut off, shorter ones padded.
    fn dataset(
        &self,
        items: &[Vec<i32>],
        targets: Targets,
        path: &Path,
    ) -> Result<Dataset, DataError> {
        let steps = self.steps;
        if (items.len() as u64).saturating_mul(4 * steps as u64) > MAX_BYTES {
            return Err(DataError::new(DataErrorCode::TooLarge, "the texts are too large")
                .file(path)
                .expected(format!("at most {MAX_BYTES} bytes in memory"))
                .found(format!("{} texts of {steps} tokens", items.len()))
                .help("give a smaller `seq_len`"));
        }
        let mut tokens = vec![self.padding; items.len() * steps];
        let mut lengths = Vec::with_capacity(items.len());
        for (out, item) in tokens.chunks_exact_mut(steps).zip(items) {
            let length = item.len().min(steps);
            out[..length].copy_from_slice(&item[..length]);
            lengths.push(length as i32);
        }
        let count = self.vocabulary.len();
        let inputs = text::store(&tokens, count.max(self.padding as usize + 1));
        let name = path.file_stem().map_or("lines".into(), |name| name.to_string_lossy());
        let dataset = Dataset::new(name, [steps], inputs, targets).map_err(|e| e.file(path))?;
        Ok(dataset.with_tokens(count).with_lengths(lengths))
    }
}

/// Reads the column of texts, and with `target` (the last column when it names none) the classes.
fn read(
    path: &Path,
    delimiter: Option<char>,
    header: Header,
    text: &ColumnRef,
    target: Option<&Option<ColumnRef>>,
) -> Result<Cells, DataError> {
    let (head, mut rows) = infer::open(path, delimiter, header)?;
    let names = &head.names;
    let find = |key: &str, column: &ColumnRef| infer::find(key, column, &head, path);
    let text = find("text", text)?;
    let target = match target {
        None => None,
        Some(Some(column)) => Some(find("target", column)?),
        Some(None) => Some(names.len() - 1),
    };
    if target == Some(text) {
        return Err(DataError::new(DataErrorCode::Column, "a column is used twice")
            .file(path)
            .column(&names[text])
            .expected("a column of texts and another of classes")
            .found(names.join(", "))
            .help("check the delimiter, `text` and `target`"));
    }
    let (mut texts, mut classes, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        lines.push(row.line);
        let used = [(Some(text), &mut texts), (target, &mut classes)];
        for (column, cells) in used {
            let Some(column) = column else { continue };
            if row.cells[column].is_empty() {
                return Err(missing().file(path).line(row.line).column(&names[column]));
            }
            cells.push(row.cells[column].to_owned());
        }
    }
    if texts.is_empty() {
        return Err(no_rows(path));
    }
    Ok(Cells { head, columns: (text, target), texts, classes, lines })
}

fn missing() -> DataError {
    DataError::new(DataErrorCode::Missing, "a text or class is missing")
        .expected("a text and its class in every row")
        .found("an empty cell")
        .help("fill it in, or take out the row")
}

fn no_rows(path: &Path) -> DataError {
    let error = DataError::new(DataErrorCode::Empty, "the file has no rows of texts");
    error.file(path).expected("at least one row").found("none")
}

fn classes(cells: &Cells, path: &Path) -> Result<Targets, DataError> {
    let distinct = names::merged(&cells.classes.iter().cloned().collect());
    if !(2..=infer::MAX_CLASSES).contains(&distinct.len()) {
        let name = cells.columns.1.map_or("", |column| &cells.head.names[column]);
        return Err(DataError::new(DataErrorCode::Classes, "these classes cannot be learned")
            .file(path)
            .column(name)
            .expected("2 to 10,000 different classes")
            .found(distinct.len())
            .help("check `target`, the column of the classes"));
    }
    let names = infer::ordered(&distinct);
    let known = Names::new(&names);
    let label = |class: &String| known.place(class).map(|label| label as i32);
    let labels = cells.classes.iter().filter_map(label).collect();
    Ok(Targets::Classes { labels, names })
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
