//! Weights of a loss that follow from the data: by class name, or balanced.

use glassbox_nn::Loss;
use serde::Deserialize;

use crate::limits;
use crate::read::{self, Fields, check_range};
use crate::tagged::{self, Kind};
use crate::tree::{Node, Table, Value};

/// Weights that are numbers once the classes of the data are known.
#[derive(Clone, Debug, PartialEq)]
pub enum DataWeights {
    /// `class_weights = "balanced"` or `positive_weight = "balanced"`: all classes count the same.
    Balanced,
    /// `class_weights = { yes = 2.0, no = 1.0 }`.
    ByName(Vec<(String, f32)>),
}

/// What stands for all classes alike.
const BALANCED: &str = "balanced";

/// Reads the loss, and apart from it weights that only the data can make numbers of.
pub fn read_loss(fields: &mut Fields<'_, '_>) -> (Option<Loss>, Option<DataWeights>) {
    let kind = Kind::tagged("loss");
    let Some(entry) = fields.entry("loss") else { return (None, None) };
    let node = &entry.node;
    let Some((key, value)) = node.table().and_then(weights_of) else {
        return (tagged::read(node, kind, fields.problems), None);
    };
    let before = fields.problems.len();
    let weights = read_weights(key[0], value, fields);
    let loss = tagged::read(node, kind.beside(key), fields.problems);
    (loss.filter(|_| fields.problems.len() == before), weights)
}

/// The key of the weights of this loss and their value, where it is not numbers.
fn weights_of(table: &Table) -> Option<(&'static [&'static str], &Node)> {
    // By whatever name the loss has here.
    let name = table.get("type")?.node.text()?;
    let loss = Loss::deserialize(serde_json::json!({ "type": name })).ok()?;
    let key: &'static [&'static str] = match loss {
        Loss::CrossEntropy(_) => &["class_weights"],
        Loss::BinaryCrossEntropy(_) => &["positive_weight"],
        _ => return None,
    };
    let value = &table.get(key[0])?.node;
    let by_name = matches!(value.value, Value::Table(_)) && key[0] == "class_weights";
    (by_name || matches!(value.value, Value::Text(_))).then_some((key, value))
}

fn read_weights(key: &str, node: &Node, fields: &mut Fields<'_, '_>) -> Option<DataWeights> {
    let table = match &node.value {
        Value::Text(text) if text == BALANCED => return Some(DataWeights::Balanced),
        Value::Text(text) => {
            fields.problems.push(read::unknown_value(key, text, [BALANCED], &node.place));
            return None;
        }
        _ => node.table()?,
    };
    let mut weights = Vec::new();
    for entry in &table.entries {
        let number = match entry.node.value {
            Value::Integer(number) => number as f64,
            Value::Float(number) => number,
            _ => {
                fields.problems.push(read::wrong_type(&entry.key, &entry.node, "a number"));
                continue;
            }
        };
        let inside = limits::of("cross_entropy", key)
            .is_none_or(|range| check_range(&entry.node, &entry.key, range, fields.problems));
        if inside {
            weights.push((entry.key.clone(), number as f32));
        }
    }
    Some(DataWeights::ByName(weights))
}
