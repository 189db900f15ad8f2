//! From a file to the bytes of a table: compressed or not, in UTF-8 or UTF-16, with what
//! spreadsheets write before the first row, and which character separates cells.

use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use glassbox_train::data::error::{DataError, DataErrorCode};

use crate::files;

/// Bytes from which the delimiter is found.
const HEAD: usize = 64 << 10;
/// Characters that may separate cells. Commas come last: they are also in numbers.
const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];

/// The bytes of a table from its first row on.
pub(super) struct Opened {
    pub(super) input: Box<dyn Read>,
    pub(super) delimiter: u8,
    /// The line of the first byte, from 1.
    pub(super) line: u64,
}

/// Opens a file. Without a delimiter the first line `sep=;` names it, or the first rows show it.
pub(super) fn open(path: &Path, delimiter: Option<char>) -> Result<Opened, DataError> {
    let given = delimiter.map(|delimiter| check(delimiter, path)).transpose()?;
    let (file, _) = files::open(path)?;
    let unreadable = |error: io::Error| unreadable(path, &error);
    let (start, file) = peek(file, 4).map_err(unreadable)?;
    let input: Box<dyn Read> = match start[..] {
        [b'P', b'K', 3, 4] => return Err(not_text(path, "a zip archive, as workbooks are")),
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(BufReader::new(file))),
        _ => Box::new(file),
    };
    let (start, input) = peek(input, 3).map_err(unreadable)?;
    let input: Box<dyn Read> = match start[..] {
        [0xff, 0xfe, ..] => Box::new(Utf16::new(skip(input, 2).map_err(unreadable)?, false)),
        [0xfe, 0xff, ..] => Box::new(Utf16::new(skip(input, 2).map_err(unreadable)?, true)),
        [0xef, 0xbb, 0xbf] => skip(input, 3).map_err(unreadable)?,
        _ => Box::new(input),
    };
    let (head, input) = peek(input, HEAD).map_err(unreadable)?;
    if head.contains(&0) {
        let found = "bytes of zero, as in UTF-16 without a byte order mark and in binary files";
        return Err(not_text(path, found));
    }
    let (named, length) = named_delimiter(&head);
    let input = skip(Box::new(input), length).map_err(unreadable)?;
    let whole = head.len() < HEAD;
    let delimiter = given.or(named).unwrap_or_else(|| shown_delimiter(&head[length..], whole));
    Ok(Opened { input, delimiter, line: if length > 0 { 2 } else { 1 } })
}

/// The error for bytes that cannot be read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> DataError {
    let damaged = matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    );
    match error.get_ref() {
        Some(inner) if inner.is::<NotUtf16>() => {
            DataError::new(DataErrorCode::CsvStructure, "the file is not UTF-16 text")
                .file(path)
                .expected("UTF-16, as its byte order mark says, or UTF-8")
                .found(inner)
                .help("save the file with the encoding UTF-8")
        }
        _ if damaged => {
            let message = "the gzip file is damaged or cut off";
            let error = DataError::new(DataErrorCode::Compression, message).file(path).found(error);
            error.expected("a whole gzip file").help("compress or copy it again")
        }
        _ => files::unreadable(path, error),
    }
}

fn not_text(path: &Path, found: &str) -> DataError {
    DataError::new(DataErrorCode::CsvStructure, "the file is not text")
        .file(path)
        .expected("text in UTF-8, or in UTF-16 with a byte order mark")
        .found(found)
        .help("save or export it as CSV with the encoding UTF-8")
}

fn check(delimiter: char, path: &Path) -> Result<u8, DataError> {
    match u8::try_from(delimiter) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(byte),
        _ => {
            let error = DataError::new(DataErrorCode::Source, "the delimiter is impossible");
            let found = format!("{delimiter:?}");
            Err(error.file(path).expected("one ASCII character").found(found))
        }
    }
}

/// Up to `count` bytes from the front, and all of the input again.
fn peek(mut input: impl Read + 'static, count: usize) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::new();
    input.by_ref().take(count as u64).read_to_end(&mut head)?;
    let all = Cursor::new(head.clone()).chain(input);
    Ok((head, all))
}

fn skip(mut input: impl Read + 'static, count: usize) -> io::Result<Box<dyn Read>> {
    io::copy(&mut input.by_ref().take(count as u64), &mut io::sink())?;
    Ok(Box::new(input))
}

/// The delimiter of a first line such as `sep=;`, which spreadsheets write, and the line's length.
fn named_delimiter(head: &[u8]) -> (Option<u8>, usize) {
    let end = head.iter().position(|&byte| byte == b'\n').unwrap_or(head.len());
    let line = head[..end].trim_ascii_end();
    let line = line.strip_prefix(b"\"").and_then(|l| l.strip_suffix(b"\"")).unwrap_or(line);
    match line {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] => {
            (Some(*delimiter), (end + 1).min(head.len()))
        }
        // A tab at the end of the line was taken for a blank.
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'='] if head[..end].contains(&b'\t') => {
            (Some(b'\t'), (end + 1).min(head.len()))
        }
        _ => (None, 0),
    }
}

/// The character that is in every row, and in each as often: a comma, where there is none.
fn shown_delimiter(head: &[u8], whole: bool) -> u8 {
    const ROWS: usize = 200;
    let mut rows: Vec<[u32; DELIMITERS.len()]> = Vec::new();
    let (mut counts, mut quoted, mut blank) = ([0; DELIMITERS.len()], false, true);
    // Marks inside cells, as in 5" pipe, quote nothing.
    let (mut begins, mut was_mark) = (true, false);
    for &byte in head {
        let (begun, after_mark) = (begins, was_mark);
        was_mark = byte == b'"' && (quoted || begun || after_mark);
        begins =
            matches!(byte, b'\n' | b'\r') || DELIMITERS.contains(&byte) || begun && byte == b' ';
        match byte {
            b'"' if quoted || begun || after_mark => quoted = !quoted,
            b'\n' | b'\r' if !quoted => {
                if !blank {
                    rows.push(counts);
                }
                (counts, blank) = ([0; DELIMITERS.len()], true);
                if rows.len() == ROWS {
                    break;
                }
                continue;
            }
            _ if !quoted => {
                if let Some(index) = DELIMITERS.iter().position(|&d| d == byte) {
                    counts[index] += 1;
                }
            }
            _ => {}
        }
        blank = false;
    }
    if !blank && whole && rows.len() < ROWS {
        rows.push(counts);
    }
    let in_every_row = |&index: &usize| {
        rows.first().is_some_and(|first| {
            first[index] > 0 && rows.iter().all(|row| row[index] == first[index])
        })
    };
    (0..DELIMITERS.len()).find(in_every_row).map_or(b',', |index| DELIMITERS[index])
}

/// Text in UTF-16 as UTF-8.
struct Utf16 {
    input: BufReader<Box<dyn Read>>,
    big_endian: bool,
    /// UTF-8 that is not read yet.
    ready: Vec<u8>,
    at: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("half a character")]
struct NotUtf16;

impl Utf16 {
    fn new(input: Box<dyn Read>, big_endian: bool) -> Self {
        Self { input: BufReader::new(input), big_endian, ready: Vec::new(), at: 0 }
    }

    fn unit(&mut self) -> io::Result<Option<u16>> {
        let mut bytes = Vec::with_capacity(2);
        self.input.by_ref().take(2).read_to_end(&mut bytes)?;
        match bytes[..] {
            [] => Ok(None),
            [a, b] if self.big_endian => Ok(Some(u16::from_be_bytes([a, b]))),
            [a, b] => Ok(Some(u16::from_le_bytes([a, b]))),
            _ => Err(io::Error::other(NotUtf16)),
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        const CHARACTERS: usize = 4096;
        self.ready.clear();
        self.at = 0;
        for _ in 0..CHARACTERS {
            let Some(first) = self.unit()? else { break };
            let mut units = vec![first];
            if (0xd800..0xdc00).contains(&first) {
                units.extend(self.unit()?);
            }
            let character = char::decode_utf16(units).next();
            let Some(Ok(character)) = character else { return Err(io::Error::other(NotUtf16)) };
            self.ready.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(())
    }
}

impl Read for Utf16 {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.ready.len() {
            self.fill()?;
        }
        let count = out.len().min(self.ready.len() - self.at);
        out[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_one_in_every_row() {
        let cases: [(&str, u8); 11] = [
            ("size;price\n5\";3\n7;4\n8;4\n", b';'),
            ("a, \"b;c\"\n1, \"x;\"\"y;\"\n", b','),
            ("a,b\n1,2\n", b','),
            ("size;price\n5,9;12,80\n", b';'),
            ("5,9;12,80\n6,1;3,2\n", b';'),
            ("a\tb\n1,5\t2\n", b'\t'),
            ("a|b\r\n1|2\r\n", b'|'),
            ("\"a;b\",c\n\"d;e\",f\n", b','),
            ("name,note\nx,p;q\ny,r\n", b','),
            ("a\n1\n", b','),
            ("", b','),
        ];
        for (text, delimiter) in cases {
            assert_eq!(shown_delimiter(text.as_bytes(), true), delimiter, "{text:?}");
        }
        // A row that is cut off does not count.
        assert_eq!(shown_delimiter(b"a;b;c\n1;2;3\n4;", false), b';');
    }

    #[test]
    fn spreadsheets_name_the_delimiter() {
        assert_eq!(named_delimiter(b"sep=;\r\na;b\r\n"), (Some(b';'), 7));
        assert_eq!(named_delimiter(b"\"SEP=|\"\n"), (Some(b'|'), 8));
        assert_eq!(named_delimiter(b"sep=\t\na\tb\n"), (Some(b'\t'), 6));
        assert_eq!(named_delimiter(b"separator,b\n"), (None, 0));
    }
}
