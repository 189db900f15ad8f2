//! The settings of a run, key by key, and what differs between runs.

use glassbox_runs::{RunFolder, RunRecord};

/// The settings of a recipe, each under its path as in `--set`: `train.optimizer.lr`,
/// `model.layers.3.p`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(Vec<(String, String)>);

/// A setting that the command line changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedSetting {
    /// Its path.
    pub key: String,
    /// What the recipe says; nothing when it leaves the key out.
    pub recipe: Option<String>,
    /// What was trained with.
    pub trained: Option<String>,
}

impl Settings {
    /// The settings in the text of a recipe; none when it is no TOML.
    pub fn parse(text: &str) -> Self {
        let mut settings = Self::default();
        if let Ok(table) = text.parse::<toml::Table>() {
            settings.add("", &toml::Value::Table(table));
        }
        settings
    }

    /// The settings with which a run was trained, every default written out; none when its folder
    /// does not tell.
    pub fn of(folder: &RunFolder) -> Self {
        Self::parse(&std::fs::read_to_string(folder.resolved()).unwrap_or_default())
    }

    fn add(&mut self, path: &str, value: &toml::Value) {
        let below = |key: &str| match path {
            "" => key.to_owned(),
            _ => format!("{path}.{key}"),
        };
        match value {
            toml::Value::Table(table) => {
                table.iter().for_each(|(key, value)| self.add(&below(key), value));
            }
            toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
                let items = items.iter().enumerate();
                items.for_each(|(index, value)| self.add(&below(&index.to_string()), value));
            }
            toml::Value::String(text) => self.0.push((path.into(), text.clone())),
            toml::Value::Float(number) => self.0.push((path.into(), format!("{number:?}"))),
            value => self.0.push((path.into(), value.to_string())),
        }
    }

    /// The value under a path.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// All settings.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The paths that end with `name`, whole words only: `lr` is `train.optimizer.lr`.
    pub fn ending(&self, name: &str) -> Vec<&str> {
        let fits = |key: &&str| {
            key.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.iter().map(|(key, _)| key).filter(fits).collect()
    }

    /// What makes training scores worse than those of the same weights at rest, in words.
    pub fn noise(&self) -> &'static str {
        let above_zero = |value: &str| value.parse::<f64>().is_ok_and(|p| p > 0.0);
        let dropout = self.iter().any(|(key, value)| {
            let dropped = key.strip_suffix(".type").filter(|_| value == "dropout");
            let rate = dropped.and_then(|layer| self.get(&format!("{layer}.p")));
            rate.map_or(dropped.is_some(), above_zero)
                || key.ends_with(".dropout") && above_zero(value)
        });
        let augmented = self.iter().any(|(key, _)| key.starts_with("augment."));
        match (dropout, augmented) {
            (true, true) => ", with dropout and augmentation",
            (true, false) => ", with dropout",
            (false, true) => ", with augmentation",
            (false, false) => "",
        }
    }
}

/// The keys whose values are not the same in all of `runs`, in the order of the recipe. The names
/// that runs have and the number of threads say nothing about what was trained.
pub fn differing(runs: &[Settings]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for (key, _) in runs.iter().flat_map(Settings::iter) {
        let told = matches!(key, "run.name" | "train.threads");
        let same = || runs.windows(2).all(|pair| pair[0].get(key) == pair[1].get(key));
        if !told && !keys.iter().any(|known| known == key) && !same() {
            keys.push(key.into());
        }
    }
    keys.sort_by_cached_key(|key| in_order(key));
    keys
}

/// Paths in the order of the alphabet, the items of a list in that of their numbers.
fn in_order(key: &str) -> Vec<(usize, String)> {
    let part = |part: &str| match part.parse::<usize>() {
        Ok(index) => (index, String::new()),
        Err(_) => (0, part.to_owned()),
    };
    key.split('.').map(part).collect()
}

/// What the command line changed of the recipe of a run. Runs that did not note it down have only
/// the numbers that differ between the recipe and what was trained.
pub fn changes(folder: &RunFolder, record: &RunRecord) -> Vec<ChangedSetting> {
    let text = std::fs::read_to_string(folder.recipe()).unwrap_or_default();
    let (recipe, trained) = (Settings::parse(&text), Settings::of(folder));
    let change = |key: &str| ChangedSetting {
        key: key.to_owned(),
        recipe: recipe.get(key).map(str::to_owned),
        trained: trained.get(key).map(str::to_owned),
    };
    if let Some(overrides) = &record.overrides {
        let mut changed: Vec<ChangedSetting> = Vec::new();
        for text in overrides {
            let Some((key, value)) = text.split_once('=') else { continue };
            let key: String = key.split('.').map(str::trim).collect::<Vec<_>>().join(".");
            let mut new = change(&key);
            new.trained = new.trained.or_else(|| Some(value.trim().to_owned()));
            note(&mut changed, new);
        }
        for later in record.history.iter().flat_map(|resumption| &resumption.changes) {
            let mut new = change(&later.key);
            new.trained = new.trained.or_else(|| later.new.clone());
            note(&mut changed, new);
        }
        changed.retain(|change| change.recipe.is_some() || change.trained.is_some());
        return changed;
    }
    let number = |text: &str| text.parse::<f64>().ok();
    let differs = |key: &&str| {
        let values = [recipe.get(key), trained.get(key)].map(|text| text.and_then(number));
        matches!(values, [Some(given), Some(used)] if given != used)
    };
    recipe.iter().map(|(key, _)| key).filter(differs).map(change).collect()
}

/// Notes a change in place of earlier ones of the same key and of keys within it.
fn note(changed: &mut Vec<ChangedSetting>, new: ChangedSetting) {
    let within = |key: &str| key.strip_prefix(&new.key).is_some_and(|rest| rest.starts_with('.'));
    changed.retain(|known| known.key != new.key && !within(&known.key));
    changed.push(new);
}

#[cfg(test)]
mod tests {
    use glassbox_runs::Resumption;

    use super::*;

    const RECIPE: &str = "[model]\nlayers = [{ type = \"dropout\", p = 0.2 }, { type = \"dense\" }]\n\
        [train]\nepochs = 3\noptimizer = { type = \"adam\", lr = 1e-3, betas = [0.9, 0.99] }\n";

    #[test]
    fn settings_have_the_paths_of_set() {
        let settings = Settings::parse(RECIPE);
        assert_eq!(settings.get("model.layers.0.p"), Some("0.2"));
        assert_eq!(settings.get("train.optimizer.betas"), Some("[0.9, 0.99]"));
        assert_eq!(settings.ending("lr"), ["train.optimizer.lr"]);
        assert_eq!(settings.ending("r"), [""; 0]);
        assert_eq!(settings.noise(), ", with dropout");
        let none = Settings::parse(&RECIPE.replace("p = 0.2", "p = 0.0"));
        assert_eq!(none.noise(), "");
        let both = Settings::parse(&format!("[[augment]]\ntype = \"flip_h\"\n{RECIPE}"));
        assert_eq!(both.noise(), ", with dropout and augmentation");
        assert_eq!(Settings::parse("[oops").iter().count(), 0);
    }

    #[test]
    fn only_what_differs_is_listed() {
        let other = RECIPE.replace("1e-3", "1e-2").replace(", p = 0.2", "");
        let runs = [RECIPE, &other].map(Settings::parse);
        assert_eq!(differing(&runs), ["model.layers.0.p", "train.optimizer.lr"]);
        assert_eq!(differing(&runs[..1]), [""; 0]);
        let layers = |count| Settings::parse(&format!("l = [{}]", "{ p = 1 },".repeat(count)));
        let keys = differing(&[layers(9), layers(12)]);
        assert_eq!(keys, ["l.9.p", "l.10.p", "l.11.p"]);
    }

    #[test]
    fn what_the_command_line_changed_is_known() {
        let runs = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(runs.path(), "demo").unwrap();
        std::fs::write(folder.recipe(), RECIPE).unwrap();
        std::fs::write(folder.resolved(), RECIPE.replace("1e-3", "10.0")).unwrap();
        let lr = ChangedSetting {
            key: "train.optimizer.lr".into(),
            recipe: Some("0.001".into()),
            trained: Some("10.0".into()),
        };
        let old = RunRecord::default();
        assert_eq!(changes(&folder, &old), std::slice::from_ref(&lr));
        let overrides = ["train.optimizer.lr=1", "train.optimizer.lr = 10", "run.seed=4"];
        let overrides = Some(overrides.map(String::from).to_vec());
        let found = changes(&folder, &RunRecord { overrides, ..RunRecord::default() });
        assert_eq!(found[0], lr);
        let seed =
            ChangedSetting { key: "run.seed".into(), recipe: None, trained: Some("4".into()) };
        assert_eq!(found[1..], [seed]);
        let none = RunRecord { overrides: Some(Vec::new()), ..RunRecord::default() };
        assert_eq!(changes(&folder, &none), []);
        let later = |key: &str, new: &str| glassbox_runs::Change {
            key: key.into(),
            old: None,
            new: Some(new.into()),
        };
        let history =
            [later("train.optimizer.lr", "10.0"), later("train.loss", "{ type = \"huber\" }")];
        let history = vec![Resumption { changes: history.to_vec(), ..Resumption::default() }];
        let resumed = RunRecord { history, ..none };
        let found = changes(&folder, &resumed);
        assert_eq!(found[0], lr);
        assert_eq!(found[1].trained.as_deref(), Some("{ type = \"huber\" }"));
    }
}
