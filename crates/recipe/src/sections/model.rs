//! `[model]`: the layers.

use glassbox_nn::layers::Layer;

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
        tagged::read::<Layer>(&node, Kind::tagged("layer"), problems);
    }
    (problems.len() == before).then(|| Model { nodes: nodes.clone(), heads })
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
    pub fn layers(&self, classes: usize, outputs: usize) -> Vec<Layer> {
        let (mut unused, mut heads) = (Vec::new(), Vec::new());
        let widths = [classes, outputs, classes].map(|width| width as i64);
        let layer = |node: &Node| {
            let mut node = node.clone();
            fill(&mut node, widths, &mut heads, &mut unused);
            match &node.value {
                Value::Text(name) => Layer::deserialize(serde_json::json!({ "type": name })).ok(),
                _ => Layer::deserialize(FromNode(&node)).ok(),
            }
        };
        self.nodes.iter().filter_map(layer).collect()
    }

    /// The place of a layer, or of a key in it. `path` leads there by indices and keys:
    /// `["4", "layers", "1"]`.
    pub fn place(&self, path: &[String], key: Option<&str>) -> Option<Place> {
        let (first, rest) = path.split_first()?;
        let mut node = self.nodes.get(first.parse::<usize>().ok()?)?;
        for segment in rest {
            let inner = match &node.value {
                Value::Table(table) => table.get(segment).map(|entry| &entry.node),
                Value::List(items) => segment.parse::<usize>().ok().and_then(|i| items.get(i)),
                _ => None,
            };
            // A shortcut that was made automatically stands nowhere: its block does.
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
