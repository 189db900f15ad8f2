//! Reading a table key by key. Whatever is wrong becomes a problem and reading goes on, so that
//! all errors are shown at once; a key that nobody asked for is unknown.

use glassbox_nn::settings::Range;

use crate::codes;
use crate::diagnostic::{Place, Problem};
use crate::suggest;
use crate::tree::{Entry, Node, Table, Value};

/// A table being read.
pub struct Fields<'t, 'p> {
    table: &'t Table,
    place: Place,
    /// The dotted path of the table, for messages; empty at the top.
    path: String,
    asked: Vec<&'static str>,
    /// What is wrong so far.
    pub problems: &'p mut Vec<Problem>,
}

impl<'t, 'p> Fields<'t, 'p> {
    /// Starts reading `table`, which is called `path` and stands at `place`.
    pub fn new(
        table: &'t Table,
        place: &Place,
        path: &str,
        problems: &'p mut Vec<Problem>,
    ) -> Self {
        Self { table, place: place.clone(), path: path.to_owned(), asked: Vec::new(), problems }
    }

    /// The entry of `key`, which thereby is a known key.
    pub fn entry(&mut self, key: &'static str) -> Option<&'t Entry> {
        self.asked.push(key);
        self.table.get(key)
    }

    /// The entry of `key`, or a problem saying that it is missing and how it might look.
    pub fn require(&mut self, key: &'static str, example: &str) -> Option<&'t Entry> {
        let entry = self.entry(key);
        if entry.is_none() {
            self.problems.push(missing(key, &self.path, &self.place, example));
        }
        entry
    }

    /// A table under `key`.
    pub fn table(&mut self, key: &'static str) -> Option<(&'t Table, &'t Entry)> {
        let entry = self.entry(key)?;
        match entry.node.table() {
            Some(table) => Some((table, entry)),
            None => self.wrong_type(entry, "a table"),
        }
    }

    /// Text under `key`.
    pub fn text(&mut self, key: &'static str) -> Option<&'t str> {
        let entry = self.entry(key)?;
        match &entry.node.value {
            Value::Text(text) => Some(text),
            _ => self.wrong_type(entry, "text in quotes"),
        }
    }

    /// A switch under `key`.
    pub fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let entry = self.entry(key)?;
        match entry.node.value {
            Value::Boolean(flag) => Some(flag),
            _ => self.wrong_type(entry, "true or false"),
        }
    }

    /// A whole number under `key`, within `range`.
    pub fn integer(&mut self, key: &'static str, range: Range) -> Option<i64> {
        let entry = self.entry(key)?;
        match entry.node.value {
            Value::Integer(number) => {
                check_range(&entry.node, key, range, self.problems).then_some(number)
            }
            _ => self.wrong_type(entry, "a whole number"),
        }
    }

    /// One of `choices` under `key`.
    pub fn choice(&mut self, key: &'static str, choices: &[&'static str]) -> Option<&'static str> {
        let entry = self.entry(key)?;
        let Value::Text(text) = &entry.node.value else {
            return self.wrong_type(entry, &suggest::list(choices.iter().copied()));
        };
        let choice = choices.iter().find(|choice| *choice == text).copied();
        if choice.is_none() {
            self.problems.push(unknown_value(
                key,
                text,
                choices.iter().copied(),
                &entry.node.place,
            ));
        }
        choice
    }

    /// Ends the reading: every key that was not asked for is a problem.
    pub fn finish(self) {
        for entry in &self.table.entries {
            if !self.asked.contains(&entry.key.as_str()) {
                self.problems.push(unknown_key(entry, &self.path, self.asked.iter().copied()));
            }
        }
    }

    fn wrong_type<T>(&mut self, entry: &Entry, expected: &str) -> Option<T> {
        self.problems.push(wrong_type(&entry.key, &entry.node, expected));
        None
    }
}

/// Pushes a problem when the number in `node` lies outside `range`.
pub fn check_range(node: &Node, key: &str, range: Range, problems: &mut Vec<Problem>) -> bool {
    let number = match node.value {
        Value::Integer(number) => number as f64,
        Value::Float(number) => number,
        _ => return true,
    };
    let inside = range.contains(number);
    if !inside {
        problems.push(
            Problem::new(codes::OUT_OF_RANGE, format!("`{key}` is out of range"))
                .at(&node.place)
                .expected(range.to_string())
                .found(crate::tree::number_text(number))
                .help(format!("give a number {range}")),
        );
    }
    inside
}

/// The problem of a value of the wrong type.
pub fn wrong_type(key: &str, node: &Node, expected: &str) -> Problem {
    let problem = Problem::new(codes::WRONG_TYPE, format!("`{key}` must be {expected}"))
        .at(&node.place)
        .expected(expected)
        .found(node.describe());
    match (&node.value, expected) {
        (Value::Text(text), "a number" | "a whole number") if text.parse::<f64>().is_ok() => {
            problem.help("remove the quotes")
        }
        (Value::Text(text), "true or false") if matches!(text.as_str(), "true" | "false") => {
            problem.help("remove the quotes")
        }
        _ => problem,
    }
}

/// The problem of a key that is not there; `example` shows how it might look.
pub fn missing(key: &str, path: &str, place: &Place, example: &str) -> Problem {
    let inside = if path.is_empty() { "the recipe".into() } else { format!("`{path}`") };
    Problem::new(codes::MISSING_KEY, format!("{inside} needs `{key}`"))
        .at(place)
        .expected(format!("a key `{key}`"))
        .found("none")
        .help(format!("add it, for instance `{example}`"))
}

/// The problem of a key that nothing reads.
pub fn unknown_key<'k>(
    entry: &Entry,
    path: &str,
    known: impl IntoIterator<Item = &'k str> + Clone,
) -> Problem {
    let inside = if path.is_empty() { "a recipe".into() } else { format!("`{path}`") };
    let known_list = suggest::list(known.clone());
    let problem = Problem::new(codes::UNKNOWN_KEY, format!("{inside} has no key `{}`", entry.key))
        .at(&entry.key_place)
        .expected(format!("a key of {inside}"))
        .found(format!("`{}`", entry.key));
    match suggest::nearest(&entry.key, known) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None if known_list == "nothing" => problem.help("remove it: there are no keys here"),
        None => problem.help(format!("the keys here are {known_list}")),
    }
}

/// The problem of a word that is not among the choices.
pub fn unknown_value<'k>(
    key: &str,
    word: &str,
    choices: impl IntoIterator<Item = &'k str> + Clone,
    place: &Place,
) -> Problem {
    let word = crate::tree::shorten(word);
    Problem::new(codes::UNKNOWN_VALUE, format!("`{key}` cannot be \"{word}\""))
        .at(place)
        .expected(format!("one of {}", suggest::list(choices.clone())))
        .found(format!("\"{word}\""))
        .help(suggest::advice(&word, choices))
}
