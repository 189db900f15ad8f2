//! Which keys of a run's recipe can be changed when it is resumed: those that leave the weights'
//! shapes alone, and what the model knows about its data.

use crate::{paths, write};

/// Why a key cannot be changed when a run is resumed; none when it can. `key` is the dotted path of
/// an override.
pub fn refusal(key: &str) -> Option<&'static str> {
    const LAYERS: &str = "the layers are those of the saved weights; of a layer only what changes no \
                          weight can be set: p, dropout, recompute";
    const DATA: &str = "the model knows its data as it was prepared when the run began";
    let parts: Vec<&str> = key.split('.').map(str::trim).collect();
    let last = parts.last().copied().unwrap_or_default();
    match parts.as_slice() {
        ["data", key] if paths::is_path(key) => None,
        ["data", "damaged" | "unknown"] => None,
        ["data", "split", ..] => {
            Some("with another split the model would be scored on items that it has learned from")
        }
        ["data", ..] => Some(DATA),
        ["model", "layers", _, ..] if matches!(last, "p" | "dropout" | "recompute") => None,
        ["model", ..] => Some(LAYERS),
        ["run", "task"] => Some("the model's outputs are made for its task"),
        ["run", "name"] => Some("a run keeps the name of its folder"),
        ["run", "seed"] => None,
        ["run"] | ["train"] => Some("one key at a time can be set"),
        _ => None,
    }
}

/// The value of a recipe's text under the dotted path of an override, written on one line as TOML.
pub fn value_at(text: &str, key: &str) -> Option<String> {
    let root: toml::Table = text.parse().ok()?;
    let mut parts = key.split('.').map(str::trim);
    let first = root.get(parts.next()?)?;
    let node = parts.try_fold(first, |node, part| match node {
        toml::Value::Table(table) => table.get(part),
        toml::Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => None,
    })?;
    Some(write::inline(&serde_json::to_value(node).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_and_what_the_model_knows_stay() {
        for key in [
            "data.path",
            "data.unknown",
            "train.optimizer.lr",
            "train.batch_size",
            "train.epochs",
            "train.early_stop.patience",
            "augment",
            "augment.0.p",
            "model.layers.3.p",
            "run.seed",
            "watch.lags",
        ] {
            assert_eq!(refusal(key), None, "{key}");
        }
        for key in [
            "data",
            "data.split.test",
            "data.normalize",
            "data.kind",
            "data.columns",
            "model.layers",
            "model.layers.0.units",
            "model.layers.0",
            "run.task",
            "run.name",
            "train",
        ] {
            assert!(refusal(key).is_some(), "{key}");
        }
    }

    #[test]
    fn values_are_found_by_the_path_of_an_override() {
        let text =
            "[train]\noptimizer = { type = \"sgd\", lr = 50.0 }\n[model]\nlayers = [{ p = 0.5 }]";
        let at = |key| value_at(text, key);
        assert_eq!(at("train.optimizer.lr").as_deref(), Some("50.0"));
        assert_eq!(at("train.optimizer").as_deref(), Some("{ lr = 50.0, type = \"sgd\" }"));
        assert_eq!(at("model.layers.0.p").as_deref(), Some("0.5"));
        assert_eq!((at("train.clip"), at("model.layers.1.p"), at("a")), (None, None, None));
    }
}
