//! `[data]` and `[[augment]]`: where the data comes from, how it is split, normalized and varied.

use std::path::Path;

use glassbox_data::{DataConfig, DataSource, Unknown};
use glassbox_train::data::{Augment, NormalizeConfig, SplitConfig};

use super::Section;
use crate::diagnostic::Problem;
use crate::paths;
use crate::read::{self, Fields};
use crate::tagged::{self, Kind};
use crate::tree::{Node, Value};

/// The keys of `[data]` that do not belong to the source.
const COMMON: &[&str] = &["split", "normalize", "standardize_targets", "unknown"];

/// Reads `[data]`. Relative paths start at `base`, the recipe's folder; those of an override start
/// at the working directory.
pub fn read(section: &Section<'_>, base: &Path, problems: &mut Vec<Problem>) -> Option<DataConfig> {
    let mut fields = Fields::new(section.table, &section.place, "data", problems);
    let normalize = fields.entry("normalize").map(|entry| &entry.node);
    let split = fields.entry("split").map(|entry| &entry.node);
    let standardize_targets = fields.boolean("standardize_targets").unwrap_or(true);
    let unknown = match fields.entry("unknown").map(|entry| &entry.node) {
        Some(node) => Some(tagged::read_value::<Unknown>("unknown", node, fields.problems)?),
        None => None,
    };
    let normalize = match normalize {
        Some(node) => tagged::read_value::<NormalizeConfig>("normalize", node, problems)?,
        None => NormalizeConfig::default(),
    };
    let split = match split {
        Some(node) => Some(tagged::read::<SplitConfig>(node, Kind::plain("split"), problems)?),
        None => None,
    };
    let table = paths::absolute(section.table, base, problems);
    let node = Node { value: Value::Table(table), place: section.place.clone() };
    let kind = Kind::by_kind("data").beside(COMMON);
    let source = tagged::read::<DataSource>(&node, kind, problems)?;
    if source.path().is_some_and(|path| path.as_os_str().is_empty()) {
        let example = "path = \"my-data\"";
        problems.push(read::missing("path", "data", &section.place, example));
    }
    Some(DataConfig { source, split, normalize, standardize_targets, unknown })
}

/// Reads the `[[augment]]` list.
pub fn read_augment(node: Option<&Node>, problems: &mut Vec<Problem>) -> Vec<Augment> {
    let Some(node) = node else { return Vec::new() };
    let Value::List(items) = &node.value else {
        problems.push(
            read::wrong_type("augment", node, "a list of tables")
                .help("write [[augment]] with two brackets, once for each augmentation"),
        );
        return Vec::new();
    };
    let kind = Kind::tagged("augmentation");
    items.iter().filter_map(|item| tagged::read::<Augment>(item, kind, problems)).collect()
}
