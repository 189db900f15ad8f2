//! `[model]`: the layers.

use glassbox_nn::layers::Layer;
use glassbox_nn::{Join, NodeConfig, Sources};

use super::Section;
use crate::codes;
use crate::diagnostic::{Place, Problem};
use crate::fault::FromNode;
use crate::read::{self, Fields};
use crate::tagged::{self, Kind};
use crate::tree::{Node, Value};
use serde::Deserialize;

/// The layers as written. Widths that follow from the data (`units = "classes"`) are still open.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The layers' nodes.
    nodes: Vec<Node>,
    /// Where widths are left to the data.
    pub heads: Vec<Head>,
}

/// A width that follows from the data.
#[derive(Clone, Debug)]
pub struct Head {
    /// `classes`, `outputs` or `vocab`.
    pub word: String,
    /// Where it is written.
    pub place: Place,
}

/// The keys whose value may be one of [`WORDS`].
const WIDTHS: [&str; 2] = ["units", "filters"];
/// The keys of a layer that place it in the graph.
const BESIDE: [&str; 3] = ["name", "from", "join"];
/// The words for a width that follows from the data.
const WORDS: [&str; 3] = ["classes", "outputs", "vocab"];

/// Reads the section.
pub fn read(section: &Section<'_>, problems: &mut Vec<Problem>) -> Option<Model> {
    let mut fields = Fields::new(section.table, &section.place, "model", problems);
    let layers = fields.require("layers", "layers = [{ type = \"dense\", units = \"classes\" }]");
    fields.finish();
    let node = &layers?.node;
    let Value::List(nodes) = &node.value else {
        problems.push(read::wrong_type("layers", node, "a list of layers"));
        return None;
    };
    if nodes.is_empty() {
        problems.push(
            Problem::new(codes::EMPTY, "the model has no layers")
                .at(&node.place)
                .expected("at least one layer")
                .found("an empty list")
                .help("for instance layers = [{ type = \"dense\", units = \"classes\" }]"),
        );
        return None;
    }
    let before = problems.len();
    let mut heads = Vec::new();
    for node in nodes {
        let mut node = node.clone();
        fill(&mut node, [1; WORDS.len()], &mut heads, problems);
        tagged::read::<Layer>(&node, Kind::tagged("layer").beside(&BESIDE), problems);
        check_beside(&node, problems);
    }
    (problems.len() == before).then(|| Model { nodes: nodes.clone(), heads })
}

/// Checks who a layer is and whom it takes, in the layers of blocks, too.
fn check_beside(node: &Node, problems: &mut Vec<Problem>) {
    let Some(table) = node.table() else { return };
    for entry in &table.entries {
        let (wanted, fits) = match entry.key.as_str() {
            "name" => ("the name of this layer in quotes", entry.node.text().is_some()),
            "from" => (
                "the name of a layer in quotes, or a list of names",
                Sources::deserialize(FromNode(&entry.node)).is_ok(),
            ),
            "join" => {
                ("\"add\", \"mul\" or \"concat\"", Join::deserialize(FromNode(&entry.node)).is_ok())
            }
            "layers" | "shortcut" => {
                if let Value::List(inner) = &entry.node.value {
                    inner.iter().for_each(|node| check_beside(node, problems));
                }
                continue;
            }
            _ => continue,
        };
        if !fits {
            problems.push(read::wrong_type(&entry.key, &entry.node, wanted));
        }
    }
}

/// Replaces the words for widths by the numbers in the same places, noting where they stand.
fn fill(
    node: &mut Node,
    widths: [i64; WORDS.len()],
    heads: &mut Vec<Head>,
    problems: &mut Vec<Problem>,
) {
    match &mut node.value {
        Value::List(items) => {
            items.iter_mut().for_each(|item| fill(item, widths, heads, problems));
        }
        Value::Table(table) => {
            for entry in &mut table.entries {
                match &entry.node.value {
                    Value::Text(word) if WIDTHS.contains(&entry.key.as_str()) => {
                        let place = entry.node.place.clone();
                        let which = WORDS.iter().position(|known| known == word);
                        match which {
                            Some(_) => heads.push(Head { word: word.clone(), place }),
                            None => problems.push(wrong_width(&entry.key, &entry.node, word)),
                        }
                        entry.node.value = Value::Integer(widths[which.unwrap_or(0)]);
                    }
                    _ => fill(&mut entry.node, widths, heads, problems),
                }
            }
        }
        _ => {}
    }
}

fn wrong_width(key: &str, node: &Node, word: &str) -> Problem {
    let problem =
        read::wrong_type(key, node, "a whole number, \"classes\", \"outputs\" or \"vocab\"");
    match crate::suggest::nearest(word, WORDS) {
        Some(near) => problem.help(format!("did you mean \"{near}\"?")),
        None if word.parse::<f64>().is_ok() => problem.help("remove the quotes"),
        None => problem,
    }
}

impl Model {
    /// The layers, with the widths that follow from the data: the number of classes or tokens, and
    /// of values that the model must give.
    pub fn layers(&self, classes: usize, outputs: usize) -> Vec<NodeConfig> {
        let (mut unused, mut heads) = (Vec::new(), Vec::new());
        let widths = [classes, outputs, classes].map(|width| width as i64);
        let layer = |node: &Node| {
            let mut node = node.clone();
            fill(&mut node, widths, &mut heads, &mut unused);
            match &node.value {
                Value::Text(name) => {
                    NodeConfig::deserialize(serde_json::json!({ "type": name })).ok()
                }
                _ => NodeConfig::deserialize(FromNode(&node)).ok(),
            }
        };
        self.nodes.iter().filter_map(layer).collect()
    }

    /// The place of a layer, or of a key in it. `path` leads there by names, indices and keys:
    /// `["4", "layers", "stem"]`.
    pub fn place(&self, path: &[String], key: Option<&str>) -> Option<Place> {
        let (first, rest) = path.split_first()?;
        let mut node = item(&self.nodes, first)?;
        for segment in rest {
            let inner = match &node.value {
                Value::Table(table) => table.get(segment).map(|entry| &entry.node),
                Value::List(items) => item(items, segment),
                _ => None,
            };
            // What was made automatically, such as a shortcut, is written nowhere: its block is.
            let Some(inner) = inner else { break };
            node = inner;
        }
        let entry = key.and_then(|key| node.table()?.get(key));
        Some(match entry {
            Some(entry) if entry.key_place.source == entry.node.place.source => Place::new(
                entry.node.place.source,
                entry.key_place.range.start..entry.node.place.range.end,
            ),
            Some(entry) => entry.node.place.clone(),
            None => match node.table().and_then(|table| table.get("type")) {
                Some(tag) => tag.node.place.clone(),
                None => node.place.clone(),
            },
        })
    }
}

/// The layer of a list with this number or name.
fn item<'a>(items: &'a [Node], segment: &str) -> Option<&'a Node> {
    let is_called = |node: &&Node| {
        let name = node.table().and_then(|table| table.get("name"));
        name.and_then(|entry| entry.node.text()) == Some(segment)
    };
    match segment.parse::<usize>() {
        Ok(index) => items.get(index),
        Err(_) => items.iter().find(is_called),
    }
}
