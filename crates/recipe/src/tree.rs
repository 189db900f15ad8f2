//! The recipe as a tree in which every key and value knows its place in the text.

pub use glassbox_nn::settings::number_text;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::codes;
use crate::diagnostic::{Place, Problem};

/// The longest recipe that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// The most dots in one key.
pub const MAX_DOTS: usize = 16;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it is written.
    pub place: Place,
}

/// A TOML value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction, `inf` or `nan`.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date or a time, which no recipe needs.
    Datetime(String),
    /// A list.
    List(Vec<Node>),
    /// A table, entries in the order of the text.
    Table(Table),
}

/// A table, entries in the order of the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The entries.
    pub entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key is written.
    pub key_place: Place,
    /// The value.
    pub node: Node,
}

impl Table {
    /// The entry of `key`.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

impl Node {
    /// The table, when this is one.
    pub fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The text, when this is a string.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value and its type in a few words, for `found …`.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("the text {:?}", shorten(text)),
            Value::Integer(number) => format!("the number {number}"),
            Value::Float(number) => format!("the number {}", number_text(*number)),
            Value::Boolean(flag) => format!("`{flag}`"),
            Value::Datetime(text) => format!("the date {text}"),
            Value::List(_) => "a list".into(),
            Value::Table(_) => "a table".into(),
        }
    }
}

/// The first few characters of a text that may be long.
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Reads `text`, source number `source`, into a tree; every syntax error is pushed to `problems`
/// and what can be read around the errors is returned.
pub fn parse(text: &str, source: usize, problems: &mut Vec<Problem>) -> Table {
    if let Some(range) = too_deep(text) {
        problems.push(
            Problem::new(codes::SYNTAX, "this key is nested too deeply")
                .at(&Place::new(source, range))
                .expected(format!("at most {MAX_DOTS} dots"))
                .found("more")
                .help("write the tables as [section] headers"),
        );
        return Table::default();
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        problems.push(syntax_problem(&error, text, source));
    }
    from_table(table.get_ref(), source, problems)
}

/// The first stretch of text with more dots than any key of a recipe has. The parser limits the
/// depth of brackets, but not that of dotted keys.
fn too_deep(text: &str) -> Option<std::ops::Range<usize>> {
    let (mut start, mut dots) = (0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'.' => dots += 1,
            b'=' | b',' | b'{' | b'}' | b'[' | b']' | b'\n' | b'#' => (start, dots) = (at + 1, 0),
            _ => {}
        }
        if dots > MAX_DOTS {
            while !text.is_char_boundary(start) {
                start += 1;
            }
            return Some(start..at);
        }
    }
    None
}

/// Reads `text[start..]`, one TOML value of source number `source`.
pub fn parse_value(text: &str, start: usize, source: usize) -> Result<Node, Vec<Problem>> {
    if let Some(range) = too_deep(&text[start..]) {
        let place = Place::new(source, range.start + start..range.end + start);
        return Err(vec![Problem::new(codes::SYNTAX, "this is nested too deeply").at(&place)]);
    }
    let value = DeValue::parse(&text[start..]).map_err(|error| {
        let mut problem = syntax_problem(&error, &text[start..], source);
        if let Some(place) = &mut problem.place {
            place.range = place.range.start + start..place.range.end + start;
        }
        vec![problem]
    })?;
    let mut problems = Vec::new();
    let mut node = from_value(&value, source, &mut problems);
    shift(&mut node, start);
    if problems.is_empty() { Ok(node) } else { Err(problems) }
}

fn shift(node: &mut Node, by: usize) {
    let move_place = |place: &mut Place| place.range = place.range.start + by..place.range.end + by;
    move_place(&mut node.place);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Value::Table(table) => table.entries.iter_mut().for_each(|entry| {
            move_place(&mut entry.key_place);
            shift(&mut entry.node, by);
        }),
        _ => {}
    }
}

fn syntax_problem(error: &toml::de::Error, text: &str, source: usize) -> Problem {
    let mut range = error.span().unwrap_or(0..0);
    // An error at the end of a line has an empty span: underline the last character before it.
    range.start = range.start.min(text.len());
    range.end = range.end.clamp(range.start, text.len());
    let message = error.message().trim().replace('\n', ", ");
    let line = text.get(range.clone()).and_then(|found| found.lines().next()).unwrap_or_default();
    let found = match line.trim() {
        "" => "the end of the line".into(),
        text => format!("`{}`", shorten(text)),
    };
    Problem::new(codes::SYNTAX, format!("this is not valid TOML: {message}"))
        .at(&Place::new(source, range))
        .expected("`key = value` lines under [section] headers")
        .found(found)
        .help("look for a missing or superfluous quote, bracket or `=` here or just before")
}

fn from_table(table: &DeTable<'_>, source: usize, problems: &mut Vec<Problem>) -> Table {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_place: Place::new(source, key.span()),
            node: from_value(value, source, problems),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_place.range.start);
    Table { entries }
}

fn from_value(value: &Spanned<DeValue<'_>>, source: usize, problems: &mut Vec<Problem>) -> Node {
    let place = Place::new(source, value.span());
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(datetime) => Value::Datetime(datetime.to_string()),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| from_value(item, source, problems)).collect())
        }
        DeValue::Table(table) => Value::Table(from_table(table, source, problems)),
        DeValue::Integer(digits) => match i64::from_str_radix(digits.as_str(), digits.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => {
                problems.push(too_large(&place, digits.as_str()));
                Value::Integer(0)
            }
        },
        DeValue::Float(digits) => match digits.as_str().parse::<f64>() {
            Ok(number) if number.is_nan() || digits.as_str().contains("inf") => {
                problems.push(
                    Problem::new(codes::NOT_FINITE, "a recipe has no place for infinity or nan")
                        .at(&place)
                        .expected("a finite number")
                        .found(digits.as_str())
                        .help("leave the key out to get its default"),
                );
                Value::Float(0.0)
            }
            Ok(number) if number != 0.0 && number.abs() < f64::from(f32::MIN_POSITIVE) => {
                problems.push(too_small(&place, digits.as_str()));
                Value::Float(0.0)
            }
            Ok(number) if number.abs() <= f64::from(f32::MAX) => Value::Float(number),
            _ => {
                problems.push(too_large(&place, digits.as_str()));
                Value::Float(0.0)
            }
        },
    };
    Node { value, place }
}

/// A number that would become 0 without a word.
fn too_small(place: &Place, digits: &str) -> Problem {
    Problem::new(codes::OUT_OF_RANGE, "this number is too close to 0")
        .at(place)
        .expected(format!("0, or {:e} and more in size: single precision", f32::MIN_POSITIVE))
        .found(shorten(digits))
}

fn too_large(place: &Place, digits: &str) -> Problem {
    Problem::new(codes::OUT_OF_RANGE, "this number is too large")
        .at(place)
        .expected("whole numbers within 64 bits, others within single precision")
        .found(shorten(digits))
}
