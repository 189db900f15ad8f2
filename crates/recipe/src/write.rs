//! An experiment as a recipe with every default written out: `resolved.toml`.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::experiment::{Experiment, WatchSection};
use crate::paths;

impl Experiment {
    /// The experiment as the text of a recipe in `folder`: reading it there gives the same
    /// experiment again.
    pub fn to_toml_in(&self, folder: &Path) -> String {
        self.text(Some(folder))
    }

    /// The experiment as the text of a recipe that can be read anywhere: all paths are absolute.
    pub fn to_toml(&self) -> String {
        self.text(None)
    }

    fn text(&self, folder: Option<&Path>) -> String {
        let mut data = json(&self.data);
        if let Some(folder) = folder {
            paths::make_relative(&mut data, &self.relative_paths, folder);
        }
        let mut text = String::from("# Every default is written out.\n");
        section(&mut text, "[run]", &json(&self.run));
        section(&mut text, "[data]", &data);
        for augment in &self.augment {
            section(&mut text, "[[augment]]", &json(augment));
        }
        text.push_str("\n[model]\nlayers = [\n");
        for layer in &self.layers {
            let _ = writeln!(text, "  {},", inline(&json(layer)));
        }
        text.push_str("]\n");
        section(&mut text, "[train]", &json(&self.train));
        if self.watch != WatchSection::default() {
            section(&mut text, "[watch]", &json(&self.watch));
        }
        text
    }
}

/// Through the text of JSON, in which single-precision numbers keep their short form.
fn json<T: Serialize>(config: &T) -> Value {
    let text = serde_json::to_string(config).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn section(text: &mut String, header: &str, config: &Value) {
    let _ = writeln!(text, "\n{header}");
    for (key, value) in config.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null()) {
        let _ = writeln!(text, "{} = {}", quoted_key(key), inline(value));
    }
}

/// A value on one line.
pub(crate) fn inline(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| format!("{} = {}", quoted_key(key), inline(value)))
                .collect();
            match entries.as_slice() {
                [] => "{}".into(),
                entries => format!("{{ {} }}", entries.join(", ")),
            }
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A key as TOML has it: in quotation marks where it needs them.
pub(crate) fn quoted_key(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(plain) { key.into() } else { quoted(key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_toml() {
        let value = serde_json::json!({
            "type": "a \"b\"", "lr": 1e-20, "whole": 1.0, "none": null, "list": [1, true], "t": {}
        });
        let text = inline(&value);
        let read: toml::Table = format!("x = {text}").parse().unwrap();
        assert_eq!(read["x"]["type"].as_str(), Some("a \"b\""));
        assert_eq!(read["x"]["lr"].as_float(), Some(1e-20));
        assert_eq!(read["x"]["whole"].as_float(), Some(1.0));
        assert_eq!(read["x"].as_table().unwrap().len(), 5);
    }

    #[test]
    fn single_precision_stays_short() {
        assert_eq!(inline(&json(&vec![0.1f32])), "[0.1]");
    }
}
