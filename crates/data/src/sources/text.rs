//! A text file, learned by predicting what comes next.

use std::io::Read;
use std::path::{Path, PathBuf};

use glassbox_train::data::error::{DataError, DataErrorCode, quote};
use glassbox_train::data::vocabulary::{Known, UNKNOWN, Unit, Vocabulary};
use glassbox_train::data::{Dataset, InputStore, SplitConfig, Targets};
use serde::{Deserialize, Serialize};

use super::{InputReader, Loaded};
use crate::files::{self, MAX_BYTES};
use crate::learned::{Learned, Unknown};

/// The text of a UTF-8 file, cut into windows of `seq_len` tokens that follow each other; the
/// target of every step is the token after it. The first part of the text trains, the last tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TextConfig {
    /// The file.
    pub path: PathBuf,
    /// What a token is.
    pub unit: Unit,
    /// Tokens in a window: how far back training sees.
    pub seq_len: usize,
    /// The size of the vocabulary of words; the other words become one.
    pub max_words: usize,
}

impl Default for TextConfig {
    fn default() -> Self {
        Self { path: PathBuf::new(), unit: Unit::default(), seq_len: 64, max_words: 10_000 }
    }
}

/// 90 % to train on; of the rest, half to validate and half to test.
pub(super) fn default_split() -> SplitConfig {
    SplitConfig { valid: Some(0.05), test: Some(0.05), ..SplitConfig::default() }
}

impl TextConfig {
    /// Reads and cuts the text.
    ///
    /// # Errors
    /// When the file cannot be read, is no text, or is too short for a window.
    pub fn load(&self, base_dir: &Path) -> Result<Loaded, DataError> {
        let path = base_dir.join(&self.path);
        let steps = self.seq_len;
        check_seq_len(steps)?;
        let text = read_text(&path)?;
        let vocabulary = Vocabulary::of(&text, self.unit, self.max_words);
        // Its own text has no character that is not in the vocabulary.
        let tokens = vocabulary.encode(&text).unwrap_or_default();
        windows_of(&tokens, steps, vocabulary, &path)
    }

    /// Reads and cuts a text of the tokens that a model knows.
    pub(super) fn load_known(
        &self,
        base_dir: &Path,
        vocabulary: &Vocabulary,
        learned: &Learned,
    ) -> Result<Loaded, DataError> {
        let path = base_dir.join(&self.path);
        let text = read_text(&path)?;
        let line = line_in(&text);
        let (mut items, note) = encode(vocabulary, &[&text], &line, &path, learned.unknown)?;
        let tokens = items.pop().unwrap_or_default();
        if tokens.len() < 2 {
            return Err(DataError::new(DataErrorCode::Empty, "the text is too short to be scored")
                .file(path)
                .expected("at least 2 tokens: the second is what comes next")
                .found(tokens.len())
                .help("add text"));
        }
        // A text shorter than the windows of training is one window.
        let steps = self.seq_len.min(tokens.len().saturating_sub(1)).max(1);
        let mut loaded = windows_of(&tokens, steps, vocabulary.clone(), &path)?;
        loaded.notes.extend(note);
        Ok(loaded)
    }
}

/// The tokens of texts by a model's vocabulary, and what a user should know of those that it does
/// not have. `line` gives the line of a byte of a text.
///
/// # Errors
/// Where a character, or with [`Unknown::Error`] a word, is not in the vocabulary.
pub(super) fn encode<T: AsRef<str>>(
    vocabulary: &Vocabulary,
    texts: &[T],
    line: &dyn Fn(usize, usize) -> u64,
    path: &Path,
    unknown: Option<Unknown>,
) -> Result<(Vec<Vec<i32>>, Option<String>), DataError> {
    let items = vocabulary.encode_all(texts).map_err(|character| {
        let error = unknown_character(character).file(path);
        let mut places = texts.iter().map(|text| text.as_ref().find(character)).enumerate();
        match places.find_map(|(text, at)| Some((text, at?))) {
            Some((text, at)) => error.line(line(text, at)),
            None => error,
        }
    })?;
    let strange = vocabulary.known().unknown_words(texts);
    let Some((text, at, word)) = strange.first else { return Ok((items, None)) };
    if unknown == Some(Unknown::Error) {
        return Err(unknown_word(word).file(path).line(line(text, at)));
    }
    let all = items.iter().map(Vec::len).sum::<usize>();
    let note = format!(
        "{}: {} of {all} words ({:.1} %) are not in the model's vocabulary and are read as \
         {UNKNOWN}; the first is {} in line {}",
        path.display(),
        strange.count,
        100.0 * strange.count as f64 / all.max(1) as f64,
        quote(word),
        line(text, at)
    );
    Ok((items, Some(note)))
}

/// The line of each byte of a whole file.
fn line_in(text: &str) -> impl Fn(usize, usize) -> u64 {
    |_, at| 1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() as u64
}

/// A text in windows of `steps` tokens.
fn windows_of(
    tokens: &[i32],
    steps: usize,
    vocabulary: Vocabulary,
    path: &Path,
) -> Result<Loaded, DataError> {
    let windows = tokens.len().saturating_sub(1) / steps;
    if windows == 0 {
        return Err(DataError::new(DataErrorCode::Empty, "the text is too short")
            .file(path)
            .expected(format!("more than seq_len = {steps} tokens"))
            .found(tokens.len())
            .help("lower `seq_len`, or add text"));
    }
    let targets = Targets::Tokens {
        labels: tokens[1..=windows * steps].to_vec(),
        length: steps,
        names: vocabulary.names(),
    };
    let inputs = store(&tokens[..windows * steps], vocabulary.len());
    let dataset = Dataset::new("text", [steps], inputs, targets)?.in_order();
    let reader = InputReader::Text(vocabulary);
    let left = (tokens.len() - 1) % steps;
    // Of a long text the rest of an item is nothing.
    let note = (100 * left > tokens.len()).then(|| {
        let (path, all) = (path.display(), tokens.len());
        format!(
            "{path}: the last {left} of {all} tokens are left out: they do not fill an item of {steps}"
        )
    });
    Ok(Loaded::new(dataset, reader, note.into_iter().collect()))
}

/// Tokens below `count` as inputs: bytes where there are few.
pub(super) fn store(tokens: &[i32], count: usize) -> InputStore {
    match count <= 256 {
        true => InputStore::U8 { values: tokens.iter().map(|&t| t as u8).collect(), unit: 1.0 },
        false => InputStore::F32(tokens.iter().map(|&token| token as f32).collect()),
    }
}

/// Whether a window of so many tokens is possible.
pub(super) fn check_seq_len(steps: usize) -> Result<(), DataError> {
    match steps {
        1..=0x10_0000 => Ok(()),
        _ => Err(DataError::new(DataErrorCode::Source, "`seq_len` is impossible")
            .expected("1 to 1,048,576 tokens")
            .found(steps)),
    }
}

fn read_text(path: &Path) -> Result<String, DataError> {
    let (file, length) = files::open(path)?;
    if length > MAX_BYTES {
        return Err(DataError::new(DataErrorCode::TooLarge, "the text is too large")
            .file(path)
            .expected(format!("at most {MAX_BYTES} bytes"))
            .found(format!("{length} bytes"))
            .help("train on a part of it"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|e| files::unreadable(path, &e))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        DataError::new(DataErrorCode::Text, "the file is not UTF-8 text")
            .file(path)
            .offset(at as u64)
            .expected("UTF-8")
            .found(format!("the byte {:02x}", error.as_bytes()[at]))
            .help("save the file as UTF-8")
    })
}

/// The most tokens of a text that are read to predict what follows it.
const MOST_READ: usize = 100_000;

/// The tokens at the end of a text file as one item.
pub(super) fn read_inputs(
    vocabulary: &Vocabulary,
    path: &Path,
    unknown: Option<Unknown>,
) -> Result<(Dataset, Option<String>), DataError> {
    let text = read_text(path)?;
    let (mut items, note) = encode(vocabulary, &[&text], &line_in(&text), path, unknown)?;
    let tokens = items.pop().unwrap_or_default();
    let tokens = &tokens[tokens.len().saturating_sub(MOST_READ)..];
    if tokens.is_empty() {
        let error = DataError::new(DataErrorCode::Empty, "the text is empty").file(path);
        return Err(error.expected("at least one token").found("none").help("write something"));
    }
    let inputs = store(tokens, vocabulary.len());
    Ok((Dataset::new("text", [tokens.len()], inputs, Targets::none())?, note))
}

/// The error of a character that the model has never seen.
pub fn unknown_character(character: char) -> DataError {
    DataError::new(DataErrorCode::Text, "a character is not in the model's vocabulary")
        .expected("characters of the text it was trained on")
        .found(format!("{character:?}"))
        .help("leave it out, or train with unit = \"byte\"")
}

/// The error of a word that the model has never seen, where these are not to be read as one.
fn unknown_word(word: &str) -> DataError {
    DataError::new(DataErrorCode::Text, "a word is not in the model's vocabulary")
        .expected("words of the text it was trained on")
        .found(quote(word))
        .help("leave it out, or read such words as <unknown> with --unknown other")
}

/// Whether a model can read a text: the number of its words that are not in the vocabulary, and the
/// first of them.
///
/// # Errors
/// When a character, or with [`Unknown::Error`] a word, is not in the vocabulary.
pub(super) fn readable<'t>(
    known: &Known<'_>,
    text: &'t [&str; 1],
    unknown: Option<Unknown>,
) -> Result<Option<(usize, &'t str)>, DataError> {
    if let Some(character) = known.unknown_character(text[0]) {
        return Err(unknown_character(character));
    }
    let strange = known.unknown_words(text);
    match strange.first {
        Some((_, _, word)) if unknown == Some(Unknown::Error) => Err(unknown_word(word)),
        first => Ok(first.map(|(_, _, word)| (strange.count, word))),
    }
}

/// What to tell of a text that a model is to read: its words that are not in the vocabulary.
///
/// # Errors
/// When the model cannot read it.
pub fn note_on(
    vocabulary: &Vocabulary,
    text: &str,
    unknown: Option<Unknown>,
) -> Result<Option<String>, DataError> {
    let texts = [text];
    let note = readable(&vocabulary.known(), &texts, unknown)?.map(|(count, word)| {
        let (words, are) = if count == 1 { ("word", "is") } else { ("words", "are") };
        format!(
            "{count} {words} of the text {are} not in the model's vocabulary and read as \
             {UNKNOWN}; the first is {}",
            quote(word)
        )
    });
    Ok(note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DataConfig, DataSource};
    use glassbox_train::data::Part;

    fn load(text: &[u8], change: impl FnOnce(&mut TextConfig)) -> Result<Loaded, DataError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("text.txt"), text).unwrap();
        let mut config = TextConfig { path: "text.txt".into(), ..Default::default() };
        change(&mut config);
        config.load(folder.path())
    }

    #[test]
    fn windows_follow_each_other_and_targets_come_next() {
        let loaded = load(b"abcabcabcab", |config| config.seq_len = 4).unwrap();
        let dataset = loaded.dataset;
        assert_eq!((dataset.len(), dataset.item_shape().dims()), (2, &[4][..]));
        let mut window = [0.0; 4];
        dataset.write_input(1, &mut window);
        assert_eq!(window, [1.0, 2.0, 0.0, 1.0]);
        let Targets::Tokens { labels, length, names } = dataset.targets() else { panic!() };
        assert_eq!((labels[..4].to_vec(), *length, names.len()), (vec![1, 2, 0, 1], 4, 3));
    }

    #[test]
    fn parts_follow_each_other_in_the_text() {
        let folder = tempfile::tempdir().unwrap();
        let text: String = (0..1001).map(|i| if i % 3 == 0 { 'a' } else { 'b' }).collect();
        std::fs::write(folder.path().join("text.txt"), text).unwrap();
        let config = TextConfig { path: "text.txt".into(), seq_len: 10, ..Default::default() };
        let config = DataConfig { source: DataSource::Text(config), ..Default::default() };
        let data = config.prepare(folder.path()).unwrap();
        let part = |part| data.split.part(part).to_vec();
        assert_eq!(part(Part::Train), (0..90).collect::<Vec<_>>());
        assert_eq!(part(Part::Valid), (90..95).collect::<Vec<_>>());
        assert_eq!(part(Part::Test), (95..100).collect::<Vec<_>>());
        assert!(data.input_normalizer.is_identity());
        let batch = data.eval_loader(Part::Valid, 5).epoch(0, 0).unwrap().next().unwrap().unwrap();
        assert_eq!((batch.inputs.dims(), batch.targets.dims()), (&[5, 10][..], &[5, 10][..]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = load(b"short", |_| {}).unwrap_err();
        assert!(error.code == DataErrorCode::Empty && error.to_string().contains("seq_len = 64"));
        let error = load(b"ab\xffcd", |_| {}).unwrap_err();
        assert!(error.code == DataErrorCode::Text && error.to_string().contains("byte 2"));
        let error = load(b"abc", |config| config.seq_len = 0).unwrap_err();
        assert_eq!(error.code, DataErrorCode::Source);
        let error = load(b"", |config| config.path = "none.txt".into()).unwrap_err();
        assert_eq!(error.code, DataErrorCode::Unreadable);
    }
}
