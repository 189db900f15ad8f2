//! Text as whole numbers and back.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

/// What a token is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A character.
    #[default]
    Char,
    /// A byte of UTF-8: 256 tokens for any text.
    Byte,
    /// What stands between white space, and each end of a line.
    Word,
}

/// The tokens of a text, by number; part of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vocabulary {
    unit: Unit,
    /// Each token as text; none for bytes, whose numbers are themselves.
    tokens: Vec<String>,
}

/// Stands for every word that is not in the vocabulary.
pub const UNKNOWN: &str = "<unknown>";

impl Vocabulary {
    /// The vocabulary of `text`: its characters in the order of Unicode, all bytes, or
    /// `<unknown>` and its `most_words` most frequent words, the most frequent first.
    pub fn of(text: &str, unit: Unit, most_words: usize) -> Self {
        let tokens = match unit {
            Unit::Byte => Vec::new(),
            Unit::Char => {
                let distinct: BTreeSet<char> = text.chars().collect();
                distinct.into_iter().map(String::from).collect()
            }
            Unit::Word => {
                let mut counts: HashMap<&str, usize> = HashMap::new();
                words(text).for_each(|word| *counts.entry(word).or_default() += 1);
                let mut words: Vec<_> = counts.into_iter().collect();
                words.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
                words.truncate(most_words);
                std::iter::once(UNKNOWN)
                    .chain(words.into_iter().map(|(word, _)| word))
                    .map(String::from)
                    .collect()
            }
        };
        Self { unit, tokens }
    }

    /// What a token is.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        if self.unit == Unit::Byte { 256 } else { self.tokens.len() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every token as it is shown.
    pub fn names(&self) -> Vec<String> {
        match self.unit {
            Unit::Byte => (0..=255u8).map(|byte| byte.escape_ascii().to_string()).collect(),
            _ => self.tokens.clone(),
        }
    }

    /// The numbers of the tokens of `text`. A word that is not in the vocabulary is `<unknown>`.
    ///
    /// # Errors
    /// The first character that is not in the vocabulary.
    pub fn encode(&self, text: &str) -> Result<Vec<i32>, char> {
        Ok(self.encode_all(&[text])?.remove(0))
    }

    /// The numbers of the tokens of each text, as [`Vocabulary::encode`].
    ///
    /// # Errors
    /// The first character that is not in the vocabulary.
    pub fn encode_all<T: AsRef<str>>(&self, texts: &[T]) -> Result<Vec<Vec<i32>>, char> {
        let numbers: HashMap<&str, i32> = self.tokens.iter().map(String::as_str).zip(0..).collect();
        let encode = |text: &str| match self.unit {
            Unit::Byte => Ok(text.bytes().map(i32::from).collect()),
            Unit::Word => {
                Ok(words(text).map(|word| numbers.get(word).copied().unwrap_or(0)).collect())
            }
            Unit::Char => {
                let mut buffer = [0; 4];
                let number = |c: char| numbers.get(&*c.encode_utf8(&mut buffer)).copied().ok_or(c);
                text.chars().map(number).collect()
            }
        };
        texts.iter().map(|text| encode(text.as_ref())).collect()
    }

    /// The tokens, to be asked for many texts.
    pub fn known(&self) -> Known<'_> {
        Known { unit: self.unit, tokens: self.tokens.iter().map(String::as_str).collect() }
    }

    /// Appends the text of `token` to `out`, which ends with the tokens before it: words are
    /// parted by spaces, except at the ends of lines.
    pub fn decode(&self, token: i32, out: &mut Vec<u8>) {
        let Ok(index) = usize::try_from(token) else { return };
        match self.unit {
            Unit::Byte => out.push(token as u8),
            Unit::Char => out.extend(self.tokens.get(index).map_or(&b""[..], |t| t.as_bytes())),
            Unit::Word => {
                let Some(word) = self.tokens.get(index) else { return };
                if word != "\n" && !matches!(out.last(), None | Some(b'\n')) {
                    out.push(b' ');
                }
                out.extend(word.as_bytes());
            }
        }
    }
}

/// The tokens of a vocabulary.
pub struct Known<'a> {
    unit: Unit,
    tokens: HashSet<&'a str>,
}

impl Known<'_> {
    /// The first character of `text` that is not in a vocabulary of characters.
    pub fn unknown_character(&self, text: &str) -> Option<char> {
        let mut buffer = [0; 4];
        let unknown = |c: &char| !self.tokens.contains(&*c.encode_utf8(&mut buffer));
        if self.unit == Unit::Char { text.chars().find(unknown) } else { None }
    }

    /// The words of texts that are not in a vocabulary of words; none for other units.
    pub fn unknown_words<'t, T: AsRef<str>>(&self, texts: &'t [T]) -> UnknownWords<'t> {
        let mut unknown = UnknownWords { count: 0, first: None };
        if self.unit != Unit::Word {
            return unknown;
        }
        for (index, text) in texts.iter().enumerate() {
            let text = text.as_ref();
            for word in words(text).filter(|word| !self.tokens.contains(word)) {
                unknown.count += 1;
                let at = word.as_ptr() as usize - text.as_ptr() as usize;
                unknown.first.get_or_insert((index, at, word));
            }
        }
        unknown
    }
}

/// Words that are not in a vocabulary.
pub struct UnknownWords<'a> {
    /// How many there are.
    pub count: usize,
    /// The first of them: the text, the byte in it, and the word.
    pub first: Option<(usize, usize, &'a str)>,
}

/// The words of a text and, as words of their own, the ends of its lines.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').flat_map(|line| {
        let end = line.ends_with('\n').then_some("\n");
        line.split_whitespace().chain(end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str, unit: Unit) -> (Vec<i32>, String) {
        let vocabulary = Vocabulary::of(text, unit, 100);
        let tokens = vocabulary.encode(text).unwrap();
        let mut out = Vec::new();
        tokens.iter().for_each(|&token| vocabulary.decode(token, &mut out));
        (tokens, String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_unit_gives_the_text_back() {
        let text = "to be,\nor not to bé";
        let (tokens, back) = round_trip(text, Unit::Char);
        assert_eq!((tokens.len(), back.as_str()), (19, text));
        let (tokens, back) = round_trip(text, Unit::Byte);
        assert_eq!((tokens.len(), back.as_str()), (20, text));
        let (tokens, back) = round_trip(text, Unit::Word);
        assert_eq!((tokens.len(), back.as_str()), (7, text));
        assert_eq!(tokens[0], tokens[5], "the most frequent word");
        assert_eq!(tokens[0], 1);
    }

    #[test]
    fn what_is_not_in_the_vocabulary() {
        let characters = Vocabulary::of("abc", Unit::Char, 0);
        assert_eq!((characters.len(), characters.encode("cab")), (3, Ok(vec![2, 0, 1])));
        assert_eq!(characters.encode("abd"), Err('d'));
        let words = Vocabulary::of("a a b", Unit::Word, 1);
        assert_eq!((words.len(), words.encode("b a")), (2, Ok(vec![0, 1])));
        assert_eq!(words.names(), [UNKNOWN, "a"]);
        assert_eq!(Vocabulary::of("", Unit::Byte, 0).names()[10], "\\n");
    }
}
