//! Cuts CSV into cells where they lie in a buffer, without an allocation for each cell or row.
//!
//! The grammar is that of RFC 4180: cells that begin with a quotation mark, or with blanks and
//! one, may hold delimiters and line ends, a doubled mark stands for one. Lines end with `\n`,
//! `\r\n` or `\r`.

use std::io::{self, Read};

/// Bytes read at once.
const CHUNK: usize = 256 << 10;
/// The most bytes of a row.
const MOST: usize = 1 << 30;

/// The cells of one row after another.
pub(super) struct Tokens {
    input: Box<dyn Read>,
    buffer: Vec<u8>,
    /// The bytes of `buffer` that are not used up yet.
    start: usize,
    end: usize,
    ended: bool,
    delimiter: u8,
    /// Where in `buffer` each cell of the row is.
    cells: Vec<(usize, usize)>,
    /// Cells with more quotation marks than the two around them, as they are in the buffer.
    escaped: Vec<usize>,
    /// The line at `start`, and that of the row.
    next: u64,
    line: u64,
    /// Lines without a character before `start` that may turn out to be rows of one empty cell.
    blank: u64,
    /// The number of cells of the first row, 0 before it.
    width: usize,
    repeat: bool,
    /// Whether the row has quotation marks.
    quoted: bool,
}

/// What is wrong with the bytes.
pub(super) enum Fault {
    Io(io::Error),
    /// A quotation mark is not closed.
    Unclosed,
    /// A row has too many bytes.
    TooLong,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// How a scan of a row ended.
enum Scan {
    /// With the byte after the row.
    Row(usize),
    /// More bytes are needed.
    More,
}

impl Tokens {
    /// `line` is that of the first byte, from 1.
    pub(super) fn new(input: Box<dyn Read>, delimiter: u8, line: u64) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            ended: false,
            delimiter,
            cells: Vec::new(),
            escaped: Vec::new(),
            next: line,
            line,
            blank: 0,
            width: 0,
            repeat: false,
            quoted: false,
        }
    }

    /// The line of the row, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The line of the row that begins next, from 1.
    pub(super) fn next_line(&self) -> u64 {
        self.next
    }

    /// The number of cells of the row.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// A cell without the blanks around it.
    pub(super) fn cell(&self, index: usize) -> &[u8] {
        let (start, end) = self.cells[index];
        self.buffer[start..end].trim_ascii()
    }

    /// The row will be the next one again.
    pub(super) fn repeat(&mut self) {
        self.repeat = true;
    }

    /// Goes to the next row; `false` at the end.
    pub(super) fn advance(&mut self) -> Result<bool, Fault> {
        if std::mem::take(&mut self.repeat) {
            return Ok(true);
        }
        loop {
            if self.skip_blank() {
                continue;
            }
            if self.start == self.end && self.ended {
                return Ok(false);
            }
            match self.scan()? {
                // Blank lines come before this row: in a file of one column each is an empty cell.
                Scan::Row(_) if self.blank > 0 && self.width == 1 => {
                    self.line = self.next - self.blank;
                    self.blank -= 1;
                    self.cells.clear();
                    self.cells.push((self.start, self.start));
                    return Ok(true);
                }
                Scan::Row(next) => {
                    self.take(next);
                    return Ok(true);
                }
                Scan::More => self.refill()?,
            }
        }
    }

    /// Skips a line without a character.
    fn skip_blank(&mut self) -> bool {
        let length = match &self.buffer[self.start..self.end] {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            [b'\r', _, ..] => 1,
            [b'\r'] if self.ended => 1,
            _ => return false,
        };
        self.start += length;
        self.next += 1;
        self.blank += 1;
        true
    }

    /// The row ends before `next`.
    fn take(&mut self, next: usize) {
        self.line = self.next;
        self.blank = 0;
        if self.width == 0 {
            self.width = self.cells.len();
        }
        // Line ends inside quotation marks.
        let cells = self.cells.iter().filter(|_| self.quoted);
        let bytes = cells.flat_map(|&(start, end)| &self.buffer[start..end]);
        let inner = bytes.filter(|&&byte| byte == b'\n').count() as u64;
        self.next += inner + 1;
        for &index in &self.escaped {
            let (start, end) = self.cells[index];
            let length = unescape(&mut self.buffer[start..end]);
            self.cells[index] = (start, start + length);
        }
        self.start = next;
    }

    /// Finds the cells of the row at `start`.
    fn scan(&mut self) -> Result<Scan, Fault> {
        let bytes = &self.buffer[..self.end];
        let mut at = self.start;
        self.cells.clear();
        self.escaped.clear();
        self.quoted = false;
        loop {
            let begin = at;
            // Blanks before a quotation mark: 1, "a, b".
            let blanks = bytes[at..].iter().take_while(|&&b| b == b' ' && b != self.delimiter);
            let mark = at + blanks.count();
            if bytes.get(mark) == Some(&b'"') {
                at = mark;
                self.quoted = true;
                match quoted(bytes, at, self.delimiter, self.ended) {
                    Some(cell) => {
                        if cell.escaped {
                            self.escaped.push(self.cells.len());
                        }
                        self.cells.push(cell.span);
                        at = cell.end;
                    }
                    None if self.ended => return Err(Fault::Unclosed),
                    None => return Ok(Scan::More),
                }
            } else {
                while at < bytes.len() && !is_end(bytes[at], self.delimiter) {
                    at += 1;
                }
                self.cells.push((begin, at));
            }
            match bytes.get(at) {
                Some(b'\n') => return Ok(Scan::Row(at + 1)),
                Some(b'\r') => match bytes.get(at + 1) {
                    Some(b'\n') => return Ok(Scan::Row(at + 2)),
                    None if !self.ended => return Ok(Scan::More),
                    _ => return Ok(Scan::Row(at + 1)),
                },
                Some(_) => at += 1,
                None if self.ended => return Ok(Scan::Row(at)),
                None => return Ok(Scan::More),
            }
        }
    }

    /// Reads on, the bytes that are not used up going to the front. As many bytes are read as there
    /// are, or as have room: the row is scanned again from its start, and a long one would be
    /// scanned for every few bytes that a decompressor gives at once.
    fn refill(&mut self) -> Result<(), Fault> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let pending = self.end;
        if self.buffer.len() - self.end < CHUNK / 2 {
            if self.buffer.len() >= MOST {
                return Err(Fault::TooLong);
            }
            let length = (2 * self.buffer.len()).max(CHUNK);
            self.buffer.resize(length, 0);
        }
        let enough = (2 * pending).clamp(pending + 1, self.buffer.len());
        while self.end < enough && !self.ended {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn is_end(byte: u8, delimiter: u8) -> bool {
    byte == delimiter || byte == b'\n' || byte == b'\r'
}

/// A cell in quotation marks.
struct Quoted {
    span: (usize, usize),
    /// The delimiter or line end after it.
    end: usize,
    escaped: bool,
}

/// The cell whose quotation mark is at `start`, if it ends before the bytes do.
fn quoted(bytes: &[u8], start: usize, delimiter: u8, ended: bool) -> Option<Quoted> {
    let mut at = start + 1;
    let mut inside = true;
    let mut marks = 1;
    loop {
        match bytes.get(at) {
            None if ended && !inside => break,
            None => return None,
            Some(b'"') => {
                inside = !inside;
                marks += 1;
            }
            Some(&byte) if !inside && is_end(byte, delimiter) => break,
            Some(_) => {}
        }
        at += 1;
    }
    let plain = marks == 2 && bytes[at - 1] == b'"';
    let span = if plain { (start + 1, at - 1) } else { (start, at) };
    Some(Quoted { span, end: at, escaped: !plain })
}

/// Takes the quotation marks off a cell; what stands after the closing one is kept. The number of
/// bytes that are left.
fn unescape(cell: &mut [u8]) -> usize {
    let (mut length, mut inside, mut at) = (0, false, 0);
    while at < cell.len() {
        let byte = cell[at];
        at += 1;
        if byte == b'"' {
            if !(inside && cell.get(at) == Some(&b'"')) {
                inside = !inside;
                continue;
            }
            at += 1;
        }
        cell[length] = byte;
        length += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a text, with their lines, read so many bytes at a time.
    fn rows(text: &str, at_once: usize) -> Result<Vec<(u64, Vec<String>)>, Fault> {
        struct Slow(Vec<u8>, usize);
        impl Read for Slow {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                let count = self.1.min(self.0.len()).min(out.len());
                out[..count].copy_from_slice(&self.0[..count]);
                self.0.drain(..count);
                Ok(count)
            }
        }
        let mut tokens = Tokens::new(Box::new(Slow(text.into(), at_once)), b',', 1);
        let mut rows = Vec::new();
        while tokens.advance()? {
            let cells = (0..tokens.len()).map(|i| tokens.cell(i));
            let cells = cells.map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
            rows.push((tokens.line(), cells));
        }
        Ok(rows)
    }

    #[test]
    fn cells_quotes_and_lines() {
        let text = "a, b ,c\r\n\"x,\"\"y\"\"\n\",,\"z\"w\r\r\n\n1,2,\n4,5,6";
        for at_once in 1..=text.len() {
            let rows = rows(text, at_once).ok().unwrap();
            let rows: Vec<(u64, Vec<&str>)> = rows
                .iter()
                .map(|(line, cells)| (*line, cells.iter().map(String::as_str).collect()))
                .collect();
            let expected = [
                (1, vec!["a", "b", "c"]),
                (2, vec!["x,\"y\"", "", "zw"]),
                (6, vec!["1", "2", ""]),
                (7, vec!["4", "5", "6"]),
            ];
            assert_eq!(rows, expected, "{at_once} bytes at a time");
        }
    }

    #[test]
    fn a_blank_line_between_rows_of_one_column_is_an_empty_cell() {
        for at_once in [1, 2, 100] {
            let rows = rows("\nsize\n3\n\n\n5\n\n", at_once).ok().unwrap();
            let cells: Vec<(u64, &str)> = rows.iter().map(|(l, c)| (*l, c[0].as_str())).collect();
            assert_eq!(cells, [(2, "size"), (3, "3"), (4, ""), (5, ""), (6, "5")]);
        }
    }

    #[test]
    fn blanks_before_a_quotation_mark_are_no_part_of_the_cell() {
        let text = "\"a\", \"b\" ,  c\n1, \"x, \"\"y\"\"\", 5\" pipe\n";
        for at_once in 1..=text.len() {
            let rows = rows(text, at_once).ok().unwrap();
            assert_eq!(rows[0], (1, vec!["a".into(), "b".into(), "c".into()]));
            assert_eq!(rows[1], (2, vec!["1".into(), "x, \"y\"".into(), "5\" pipe".into()]));
        }
    }

    #[test]
    fn a_long_row_is_scanned_a_few_times() {
        struct Few(usize);
        impl Read for Few {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                let count = self.0.min(out.len()).min(1000);
                out[..count].fill(b'"');
                self.0 -= count;
                Ok(count)
            }
        }
        let mut tokens = Tokens::new(Box::new(Few(5_000_000)), b',', 1);
        let mut scans = 0;
        while !tokens.ended {
            assert!(matches!(tokens.scan(), Ok(Scan::More)));
            tokens.refill().ok().unwrap();
            scans += 1;
        }
        assert!(scans < 40, "{scans}");
    }

    #[test]
    fn an_open_quotation_mark_is_an_error() {
        assert!(matches!(rows("a,b\n\"1,2\n", 3), Err(Fault::Unclosed)));
    }
}
