//! Reading the configs of layers, optimizers, schedules, … which are plain serde data.
//!
//! Serde stops at the first error and loses places in tagged enums. So a config is tried one key at
//! a time on top of its defaults, which tells which keys are wrong; the names of types and keys are
//! asked from serde itself and therefore listed nowhere else.

use serde::de::DeserializeOwned;

use crate::codes;
use crate::diagnostic::{Place, Problem};
use crate::fault::{Fault, FromEntries, FromNode};
use crate::limits;
use crate::read::{self, check_range};
use crate::suggest;
use crate::tree::{Entry, Node, Table, Value};

/// A name that no config has.
const NOBODY: &str = "\u{1}";

/// What is being read.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What it is called in messages: `layer`, `optimizer`, …
    pub noun: &'static str,
    /// The key that names the type, none for a plain struct.
    pub tag: Option<&'static str>,
    /// Keys that stand in the same table and are read elsewhere.
    pub beside: &'static [&'static str],
}

impl Kind {
    /// A config chosen by its `type`.
    pub const fn tagged(noun: &'static str) -> Self {
        Self { noun, tag: Some("type"), beside: &[] }
    }

    /// A config chosen by its `kind`.
    pub const fn by_kind(noun: &'static str) -> Self {
        Self { noun, tag: Some("kind"), beside: &[] }
    }

    /// A config that is a table of keys.
    pub const fn plain(noun: &'static str) -> Self {
        Self { noun, tag: None, beside: &[] }
    }

    /// The same, sharing its table with `keys`, which are read elsewhere.
    #[must_use]
    pub const fn beside(self, keys: &'static [&'static str]) -> Self {
        Self { beside: keys, ..self }
    }
}

/// Reads a config, pushing everything that is wrong with it.
pub fn read<T: DeserializeOwned>(
    node: &Node,
    kind: Kind,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let before = problems.len();
    let short;
    let table = match (&node.value, kind.tag) {
        (Value::Table(table), _) => table,
        // `loss = "cross_entropy"` is short for `loss = { type = "cross_entropy" }`.
        (Value::Text(_), Some(tag)) => {
            short = Table { entries: vec![entry(tag, &node.place, node.clone())] };
            &short
        }
        _ => {
            let expected = match kind.tag {
                Some(tag) => format!("a table with a `{tag}`"),
                None => "a table".into(),
            };
            problems.push(read::wrong_type(kind.noun, node, &expected));
            return None;
        }
    };
    let tag_entry = match kind.tag {
        None => None,
        Some(tag) => Some(check_tag::<T>(table, &node.place, kind, tag, problems)?),
    };
    let name = tag_entry.and_then(|entry| entry.node.text()).unwrap_or(kind.noun);
    let known = known_keys::<T>(tag_entry);
    check_missing::<T>(table, tag_entry, &known, name, &node.place, problems);
    for entry in &table.entries {
        let elsewhere = kind.beside.contains(&entry.key.as_str());
        if elsewhere || tag_entry.is_some_and(|tag| tag.key == entry.key) {
            continue;
        }
        if !known.contains(&entry.key.as_str()) {
            let all = known.iter().chain(kind.beside).copied();
            problems.push(read::unknown_key(entry, name, all));
        } else if nested_lists_are_right::<T>(entry, kind, problems) {
            check_key::<T>(entry, tag_entry, name, problems);
        }
    }
    if problems.len() > before {
        return None;
    }
    let own = |entry: &&Entry| !kind.beside.contains(&entry.key.as_str());
    match T::deserialize(FromEntries(table.entries.iter().filter(own).collect())) {
        Ok(config) => Some(config),
        Err(fault) => {
            problems.push(explain(&fault, kind.noun, node));
            None
        }
    }
}

fn entry(key: &str, key_place: &Place, node: Node) -> Entry {
    Entry { key: key.to_owned(), key_place: key_place.clone(), node }
}

/// The entry that names the type, when it names one that exists.
fn check_tag<'a, T: DeserializeOwned>(
    table: &'a Table,
    place: &Place,
    kind: Kind,
    tag: &'static str,
    problems: &mut Vec<Problem>,
) -> Option<&'a Entry> {
    let types = known_types::<T>(tag);
    let Some(tag_entry) = table.get(tag) else {
        let example = format!("{tag} = \"{}\"", types.first().unwrap_or(&"…"));
        problems.push(read::missing(tag, kind.noun, place, &example));
        return None;
    };
    let Some(name) = tag_entry.node.text() else {
        problems.push(read::wrong_type(tag, &tag_entry.node, "text in quotes"));
        return None;
    };
    // An alias is not among the names, but is known.
    let probe = T::deserialize(FromEntries(vec![tag_entry]));
    if let Err(Fault::UnknownVariant { .. }) = probe {
        let name = crate::tree::shorten(name);
        problems.push(
            Problem::new(codes::UNKNOWN_TYPE, format!("unknown {} type \"{name}\"", kind.noun))
                .at(&tag_entry.node.place)
                .expected(format!("one of the {} types", kind.noun))
                .found(format!("\"{name}\""))
                .help(suggest::advice(&name, types.iter().copied())),
        );
        return None;
    }
    Some(tag_entry)
}

/// The types there are, asked from serde.
pub fn known_types<T: DeserializeOwned>(tag: &str) -> Vec<&'static str> {
    let nowhere = Place::new(0, 0..0);
    let nobody = Node { value: Value::Text(NOBODY.into()), place: nowhere.clone() };
    let probe = entry(tag, &nowhere, nobody);
    match T::deserialize(FromEntries(vec![&probe])) {
        Err(Fault::UnknownVariant { expected, .. }) => expected.to_vec(),
        _ => Vec::new(),
    }
}

/// The keys of a type, asked from serde.
fn known_keys<T: DeserializeOwned>(tag: Option<&Entry>) -> Vec<&'static str> {
    let nowhere = Place::new(0, 0..0);
    let nobody = entry(NOBODY, &nowhere, Node { value: Value::Integer(0), place: nowhere.clone() });
    let probe = tag.into_iter().chain([&nobody]).collect();
    match T::deserialize(FromEntries(probe)) {
        Err(Fault::UnknownField { expected, .. }) => expected.to_vec(),
        _ => Vec::new(),
    }
}

/// Finds the keys without a default that are not there, asking serde with stand-ins for those
/// found so far. A key that is there under a misspelt name is told as that alone.
fn check_missing<T: DeserializeOwned>(
    table: &Table,
    tag: Option<&Entry>,
    known: &[&'static str],
    name: &str,
    place: &Place,
    problems: &mut Vec<Problem>,
) {
    let nowhere = Place::new(0, 0..0);
    let is_known = |entry: &&Entry| known.contains(&entry.key.as_str());
    let mut stand_ins: Vec<Entry> = Vec::new();
    for _ in 0..=known.len() {
        let probe = tag.into_iter().chain(&stand_ins).collect();
        let Err(Fault::MissingField(field)) = T::deserialize(FromEntries(probe)) else { return };
        let stand_in = Node { value: Value::Integer(1), place: nowhere.clone() };
        stand_ins.push(entry(field, &nowhere, stand_in));
        let misspelt = |entry: &Entry| {
            !is_known(&entry) && suggest::nearest(&entry.key, known.iter().copied()) == Some(field)
        };
        if table.get(field).is_none() && !table.entries.iter().any(misspelt) {
            problems.push(read::missing(field, name, place, limits::example_of(field)));
        }
    }
}

/// Configs inside a config (the layers of a residual block) are read like the outer one. False
/// when they have problems.
fn nested_lists_are_right<T: DeserializeOwned>(
    entry: &Entry,
    kind: Kind,
    problems: &mut Vec<Problem>,
) -> bool {
    let (Value::List(items), Some(tag)) = (&entry.node.value, kind.tag) else { return true };
    let before = problems.len();
    for item in items {
        if item.table().is_some_and(|table| table.get(tag).is_some()) {
            read::<T>(item, kind, problems);
        }
    }
    problems.len() == before
}

/// Tries one key alone on top of the defaults.
fn check_key<T: DeserializeOwned>(
    entry: &Entry,
    tag: Option<&Entry>,
    name: &str,
    problems: &mut Vec<Problem>,
) {
    let alone = tag.into_iter().chain([entry]).collect();
    match T::deserialize(FromEntries(alone)) {
        // Another key is needed as well: that is said once all keys are right.
        Ok(_) | Err(Fault::MissingField(_)) => {
            check_limits(name, &entry.key, &entry.node, problems);
        }
        Err(fault) => problems.push(explain(&fault, &entry.key, &entry.node)),
    }
}

/// Checks the numbers of a key, inside its lists and tables too.
fn check_limits(owner: &str, key: &str, node: &Node, problems: &mut Vec<Problem>) {
    match &node.value {
        Value::List(items) => {
            items.iter().for_each(|item| check_limits(owner, key, item, problems));
        }
        Value::Table(table) if table.get("type").is_none() || key != "layers" => {
            let inner = table.get("type").and_then(|entry| entry.node.text()).unwrap_or(key);
            for entry in &table.entries {
                check_limits(inner, &entry.key, &entry.node, problems);
            }
        }
        _ => {
            if let Some(range) = limits::of(owner, key) {
                check_range(node, key, range, problems);
            }
        }
    }
}

/// A fault found in the value of `key`, placed as near as can be told.
fn explain(fault: &Fault, key: &str, node: &Node) -> Problem {
    match fault {
        Fault::UnknownVariant { found, expected } => {
            let place = find_text(node, found).unwrap_or(&node.place);
            read::unknown_value(key, found, expected.iter().copied(), place)
        }
        Fault::UnknownField { found, expected } => {
            let known = expected.iter().copied();
            match find_key(node, found) {
                Some(entry) => read::unknown_key(entry, key, known),
                None => Problem::new(codes::UNKNOWN_KEY, format!("`{key}` has no key `{found}`"))
                    .at(&node.place)
                    .expected(format!("a key of `{key}`"))
                    .found(format!("`{found}`"))
                    .help(suggest::advice(found, known)),
            }
        }
        Fault::MissingField(field) => {
            read::missing(field, key, &node.place, &format!("{field} = …"))
        }
        Fault::WrongType { expected } => read::wrong_type(key, node, expected),
        // "data did not match any variant of untagged enum …" is Rust, not help.
        Fault::Other(message) if message.contains("untagged enum") => {
            Problem::new(codes::WRONG_TYPE, format!("`{key}` cannot be {}", node.describe()))
                .at(&node.place)
                .expected(limits::form_of(key))
                .found(node.describe())
        }
        Fault::Other(message) => {
            Problem::new(codes::WRONG_TYPE, format!("`{key}` does not work: {message}"))
                .at(&node.place)
                .expected(limits::form_of(key))
                .found(node.describe())
        }
    }
}

fn find_text<'a>(node: &'a Node, text: &str) -> Option<&'a Place> {
    match &node.value {
        Value::Text(own) => (own == text).then_some(&node.place),
        Value::List(items) => items.iter().find_map(|item| find_text(item, text)),
        Value::Table(table) => table.entries.iter().find_map(|entry| find_text(&entry.node, text)),
        _ => None,
    }
}

fn find_key<'a>(node: &'a Node, key: &str) -> Option<&'a Entry> {
    match &node.value {
        Value::List(items) => items.iter().find_map(|item| find_key(item, key)),
        Value::Table(table) => table
            .get(key)
            .or_else(|| table.entries.iter().find_map(|entry| find_key(&entry.node, key))),
        _ => None,
    }
}

/// Reads one value that is no config of several keys, such as `normalize = "standard"`.
pub fn read_value<T: DeserializeOwned>(
    key: &str,
    node: &Node,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let before = problems.len();
    match T::deserialize(FromNode(node)) {
        Ok(value) => {
            check_limits("", key, node, problems);
            (problems.len() == before).then_some(value)
        }
        Err(fault) => {
            problems.push(explain(&fault, key, node));
            None
        }
    }
}

#[cfg(test)]
#[path = "tagged_tests.rs"]
mod tests;
