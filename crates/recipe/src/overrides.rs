//! `--set KEY=VALUE`: an override is laid over the recipe's tree before it is read, so that its
//! errors are found, placed and worded like those of the file.

use glassbox_train::schedule::Schedule;

use crate::codes;
use crate::diagnostic::{Place, Problem};
use crate::suggest;
use crate::tree::{self, Entry, Node, Table, Value};

/// The dotted key of `KEY=VALUE`, without the spaces that may be around its parts; that of the whole
/// text where it has no equals sign.
pub fn override_key(text: &str) -> String {
    let key = text.split_once('=').map_or(text, |(key, _)| key);
    key.split('.').map(str::trim).collect::<Vec<_>>().join(".")
}

/// Lays `text` (`train.epochs=3`), source number `source`, over `recipe`.
pub fn apply(recipe: &mut Table, text: &str, source: usize) -> Result<(), Vec<Problem>> {
    let text = text.trim_end();
    let whole = Place::new(source, 0..text.len());
    let bad = |message: String| Problem::new(codes::BAD_OVERRIDE, message).at(&whole);
    let Some((key, _)) = text.split_once('=') else {
        return Err(vec![
            bad("an override is KEY=VALUE".into())
                .expected("an equals sign")
                .found("none")
                .help("for instance --set train.epochs=3"),
        ]);
    };
    let value_start = text.len() - text[key.len() + 1..].trim_start().len();
    let mut path = Vec::new();
    let mut start = 0;
    for part in key.split('.') {
        let (name, leading) = (part.trim(), part.len() - part.trim_start().len());
        let from = start + leading;
        let place = Place::new(source, from..from + name.len());
        let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let too_deep = path.len() > tree::MAX_DOTS;
        if name.is_empty() || too_deep || !name.chars().all(plain) {
            return Err(vec![
                bad(format!("`{}` is not a path into the recipe", tree::shorten(key.trim())))
                    .expected("names joined by dots")
                    .found(tree::shorten(key.trim()))
                    .help("for instance --set train.optimizer.lr=1e-3"),
            ]);
        }
        path.push((name, place));
        start += part.len() + 1;
    }
    let value = read_value(text, value_start, source)?;
    lay(recipe, &path, value, "")
}

/// The value after the equals sign: TOML when it is TOML, otherwise plain text, so that
/// `data.path=/somewhere` needs no quotes.
fn read_value(text: &str, start: usize, source: usize) -> Result<Node, Vec<Problem>> {
    let raw = &text[start..];
    match tree::parse_value(text, start, source) {
        // A date is a name as well: run.name=2026-11-23.
        Ok(Node { value: Value::Datetime(text), place }) => {
            Ok(Node { value: Value::Text(text), place })
        }
        Ok(node) => Ok(node),
        Err(problems) => {
            let looks_like_toml = raw.trim_start().starts_with(['"', '\'', '[', '{']);
            if looks_like_toml || problems.iter().any(|problem| problem.code != codes::SYNTAX) {
                return Err(problems);
            }
            let place = Place::new(source, start..text.len());
            Ok(Node { value: Value::Text(raw.to_owned()), place })
        }
    }
}

fn lay(
    table: &mut Table,
    path: &[(&str, Place)],
    value: Node,
    above: &str,
) -> Result<(), Vec<Problem>> {
    let Some(((name, place), rest)) = path.split_first() else { return Ok(()) };
    let position = table.entries.iter().position(|entry| entry.key == *name);
    if rest.is_empty() {
        let entry = Entry { key: (*name).to_owned(), key_place: place.clone(), node: value };
        match position {
            Some(position) => table.entries[position] = entry,
            None => table.entries.push(entry),
        }
        return Ok(());
    }
    let here = if above.is_empty() { (*name).to_owned() } else { format!("{above}.{name}") };
    let position = position.unwrap_or_else(|| {
        // A key of what the recipe leaves out is a key of its default.
        let value = match default_type(&here) {
            Some(kind) => Value::Text(kind.to_owned()),
            None => Value::Table(Table::default()),
        };
        let node = Node { value, place: place.clone() };
        table.entries.push(Entry { key: (*name).to_owned(), key_place: place.clone(), node });
        table.entries.len() - 1
    });
    descend(&mut table.entries[position].node, rest, value, &here)
}

/// The type that a recipe has at `path` when it says nothing.
fn default_type(path: &str) -> Option<&'static str> {
    match path {
        "train.optimizer" => Some("adam"),
        "train.schedule" => Some(Schedule::default().name()),
        _ => None,
    }
}

fn descend(
    node: &mut Node,
    path: &[(&str, Place)],
    value: Node,
    here: &str,
) -> Result<(), Vec<Problem>> {
    // `optimizer = "adam"` is short for a table with that type: it opens when a key is set in it.
    if let Value::Text(kind) = &node.value {
        let (key, place) = ("type".to_owned(), node.place.clone());
        let kind = Node { value: Value::Text(kind.clone()), place: place.clone() };
        let entries = vec![Entry { key, key_place: place, node: kind }];
        // Where text is wanted, it is the override that is wrong.
        let place = path[0].1.clone();
        *node = Node { value: Value::Table(Table { entries }), place };
    }
    let (name, place) = &path[0];
    match &mut node.value {
        Value::Table(table) => lay(table, path, value, here),
        Value::List(items) => {
            let count = items.len();
            let wrong = || {
                let problem =
                    Problem::new(codes::BAD_OVERRIDE, format!("`{here}` has no item `{name}`"))
                        .at(place)
                        .found(format!("`{name}`"));
                match count {
                    0 => problem.expected("nothing: the list is empty"),
                    _ => problem.expected(format!("a number from 0 to {}", count - 1)),
                }
            };
            let Some(item) = item_mut(items, name) else { return Err(vec![wrong()]) };
            if path.len() == 1 {
                *item = value;
                return Ok(());
            }
            descend(item, &path[1..], value, &format!("{here}.{name}"))
        }
        _ => Err(vec![
            Problem::new(codes::BAD_OVERRIDE, format!("`{here}` is a single value, not a table"))
                .at(place)
                .expected("the end of the path")
                .found(suggest::list([*name])),
        ]),
    }
}

/// The item with this number, or the layer with this name.
fn item_mut<'a>(items: &'a mut [Node], name: &str) -> Option<&'a mut Node> {
    let is_called = |node: &&mut Node| {
        let own = node.table().and_then(|table| table.get("name"));
        own.and_then(|entry| entry.node.text()) == Some(name)
    };
    match name.parse::<usize>() {
        Ok(index) => items.get_mut(index),
        Err(_) => items.iter_mut().find(is_called),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::fault::FromNode;

    fn with(recipe: &str, set: &str) -> Result<serde_json::Value, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut table = tree::parse(recipe, 0, &mut problems);
        assert!(problems.is_empty());
        apply(&mut table, set, 1)?;
        let node = Node { value: Value::Table(table), place: Place::new(0, 0..0) };
        Ok(serde_json::Value::deserialize(FromNode(&node)).unwrap())
    }

    #[test]
    fn replaces_adds_and_indexes() {
        let json = with("[train]\nepochs = 12", "train.epochs=3").unwrap();
        assert_eq!(json["train"]["epochs"], 3);
        let json = with("", "train.optimizer.lr = 1e-3").unwrap();
        assert_eq!(json["train"]["optimizer"]["lr"], 1e-3);
        assert_eq!(json["train"]["optimizer"]["type"], "adam", "the default");
        let json = with("", "train.optimizer.type = sgd").unwrap();
        assert_eq!(json["train"]["optimizer"], serde_json::json!({ "type": "sgd" }));
        let json = with("train.optimizer = 'adam'", "train.optimizer.lr=0.5").unwrap();
        assert_eq!(json["train"]["optimizer"]["type"], "adam");
        let json = with("model.layers = [{p = 0.1}, {p = 0.2}]", "model.layers.1.p=0.5").unwrap();
        assert_eq!(json["model"]["layers"][1]["p"], 0.5);
        assert_eq!(json["model"]["layers"][0]["p"], 0.1);
        let named = "model.layers = [{p = 0.1}, {p = 0.2, name = \"drop\"}]";
        let json = with(named, "model.layers.drop.p=0.5").unwrap();
        assert_eq!(json["model"]["layers"][1]["p"], 0.5);
        assert!(with(named, "model.layers.dorp.p=0.5").is_err());
    }

    #[test]
    fn a_key_of_what_is_left_out_is_one_of_its_default() {
        use glassbox_train::optim::OptimizerConfig;
        let optimizer = default_type("train.optimizer").and_then(OptimizerConfig::default_of);
        assert_eq!(optimizer, Some(OptimizerConfig::default()));
        let schedule = serde_json::json!({ "type": default_type("train.schedule") });
        let schedule: Schedule = serde_json::from_value(schedule).unwrap();
        assert_eq!(schedule, Schedule::default());
    }

    #[test]
    fn keys_are_found_as_they_are_laid() {
        assert_eq!(override_key(" data . path = a.b=c"), "data.path");
        assert_eq!(override_key("train.epochs"), "train.epochs");
        let json = with("", " data . path = /x").unwrap();
        assert_eq!(json["data"]["path"], "/x");
    }

    #[test]
    fn text_needs_no_quotes() {
        assert_eq!(with("", "data.path=/a b/c").unwrap()["data"]["path"], "/a b/c");
        assert_eq!(with("", "data.path=\"/a\"").unwrap()["data"]["path"], "/a");
        assert_eq!(with("", "run.name=2026-11-23").unwrap()["run"]["name"], "2026-11-23");
        assert_eq!(with("", "run.name=2026-run").unwrap()["run"]["name"], "2026-run");
    }

    #[test]
    fn says_what_is_wrong() {
        let code = |set: &str| with("a = [1]\nb = 2", set).unwrap_err()[0].clone();
        assert_eq!(code("train.epochs").code, codes::BAD_OVERRIDE);
        assert_eq!(code("=3").code, codes::BAD_OVERRIDE);
        assert_eq!(code("a..b=3").code, codes::BAD_OVERRIDE);
        assert_eq!(code(&format!("{}=3", "a.".repeat(100_000))).code, codes::BAD_OVERRIDE);
        assert_eq!(code("a.1=3").expected.as_deref(), Some("a number from 0 to 0"));
        assert_eq!(code("b.c=3").message, "`b` is a single value, not a table");
        assert_eq!(code("a=[1,").code, codes::SYNTAX);
        assert_eq!(code("a=nan").code, codes::NOT_FINITE);
    }

    #[test]
    fn places_point_into_the_override() {
        let mut table = Table::default();
        apply(&mut table, "train.epochs = 3", 1).unwrap();
        let entry = table.get("train").unwrap().node.table().unwrap().get("epochs").unwrap();
        assert_eq!(entry.key_place, Place::new(1, 6..12));
        assert_eq!(entry.node.place, Place::new(1, 15..16));
    }
}
