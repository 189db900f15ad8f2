//! From the command line to an experiment with its data in memory.

use std::path::{Path, PathBuf};

use glassbox_recipe::{Experiment, Recipe, value_at};
use glassbox_tensor::threads;
use glassbox_train::data::Prepared;
use glassbox_train::{PredictorConfig, RunFolder, RunRecord};

use crate::embedded;
use crate::failure::Failure;
use crate::terminal::complain;

/// An experiment, its data and the recipe they come from.
pub struct Preparation {
    /// Everything decided.
    pub experiment: Experiment,
    /// The data in memory, split and with its normalization.
    pub data: Prepared,
    /// The recipe as given.
    pub text: String,
}

/// Reads a recipe, its data, and decides what it leaves open. Without a path it is the embedded
/// recipe.
pub fn prepare(path: Option<&Path>, overrides: &[String]) -> Result<Preparation, Failure> {
    let preparation = prepare_quietly(path, overrides)?;
    for note in &preparation.data.notes {
        complain!("note: {note}");
    }
    Ok(preparation)
}

/// As [`prepare`], without telling the notes.
pub fn prepare_quietly(path: Option<&Path>, overrides: &[String]) -> Result<Preparation, Failure> {
    let recipe = read(path, overrides)?;
    let data = recipe.prepare()?;
    let experiment = recipe.resolve(&data)?;
    for note in recipe.notes(&experiment) {
        complain!("note: {note}");
    }
    Ok(Preparation { experiment, data, text: recipe.text().to_owned() })
}

/// The same for a run that resumes: its data is read through what its model learned about it, so
/// that nothing is fitted again.
pub fn prepare_run(folder: &RunFolder, overrides: &[String]) -> Result<Preparation, Failure> {
    let weights = [folder.last_weights(), folder.best_weights()];
    let known = weights.iter().find_map(|path| PredictorConfig::read(path).ok());
    // Killed before its first checkpoint, the run begins again.
    let Some(known) = known else { return prepare(Some(&folder.resolved()), overrides) };
    let recipe = read(Some(&folder.resolved()), overrides)?;
    let data = recipe.prepare_known(&known.learned)?;
    for note in &data.notes {
        complain!("note: {note}");
    }
    let experiment = recipe.resolve(&data)?;
    Ok(Preparation { experiment, data, text: recipe.text().to_owned() })
}

/// Where the data is, if it is in files.
pub fn data_path(experiment: &Experiment) -> Option<String> {
    let source = serde_json::to_value(&experiment.data.source).ok()?;
    source["path"].as_str().filter(|path| !path.is_empty()).map(str::to_owned)
}

/// `--set` for a run whose data is not where its recipe says, but still where it was when it was
/// trained: the run's folder was moved without the data. This is said.
pub fn found_data(folder: &RunFolder, record: &RunRecord, overrides: &[String]) -> Vec<String> {
    let is_path = |set: &String| set.split('=').next().is_some_and(|key| key.trim() == "data.path");
    let text = std::fs::read_to_string(folder.resolved()).unwrap_or_default();
    let Some(path) = value_at(&text, "data.path") else { return Vec::new() };
    let here = folder.path().join(path.trim_matches(['"', '\'']));
    if overrides.iter().any(is_path) || here.exists() {
        return Vec::new();
    }
    let Some(before) = record.data_path.as_ref().filter(|before| Path::new(before).exists()) else {
        complain!("note: `--set data.path=…` reads the data of {} from another place", record.name);
        return Vec::new();
    };
    complain!("note: {} is not there; the data is read from {before}", here.display());
    vec![format!("data.path={before}")]
}

fn read(path: Option<&Path>, overrides: &[String]) -> Result<Recipe, Failure> {
    Ok(match path {
        Some(path) => Recipe::open(path, overrides)?,
        None => {
            let (name, text) = (embedded::DIGITS_CNN_NAME, embedded::DIGITS_CNN);
            Recipe::parse(name, text, &PathBuf::new(), overrides)?
        }
    })
}

/// Decides how many threads compute: as the command line says, or the recipe, or one a core.
pub fn set_threads(argument: Option<u16>, experiment: &Experiment) {
    if let Some(count) = argument.map(usize::from).or(experiment.train.threads) {
        threads::set_count(count);
    }
}
