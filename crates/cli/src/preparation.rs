//! From the command line to an experiment with its data in memory.

use std::path::{Path, PathBuf};

use glassbox_data::Prepared;
use glassbox_recipe::{Experiment, Recipe, override_key};
use glassbox_runs::{PredictorConfig, RunFolder, RunRecord};
use glassbox_tensor::threads;

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

/// As [`prepare`], without telling what is to be known of the data; notes on the recipe are told.
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
pub fn prepare_run(
    folder: &RunFolder,
    record: &RunRecord,
    overrides: &[String],
) -> Result<Preparation, Failure> {
    let recipe = recipe_of(folder, record, overrides)?;
    if missing_data(&recipe).is_some() && !sets_data_path(overrides) {
        complain!("note: `--set data.path=…` reads the data of {} from another place", record.name);
    }
    let weights = [folder.last_weights(), folder.best_weights()];
    let known = weights.iter().find_map(|path| PredictorConfig::read(path).ok());
    let data = match known {
        Some(known) => recipe.prepare_known(&known.learned)?,
        // Killed before its first checkpoint, the run begins again.
        None => recipe.prepare()?,
    };
    for note in &data.notes {
        complain!("note: {note}");
    }
    let experiment = recipe.resolve(&data)?;
    Ok(Preparation { experiment, data, text: recipe.text().to_owned() })
}

/// The experiment of a run as it was so far, with no change.
pub fn before(folder: &RunFolder, data: &Prepared) -> Result<Experiment, Failure> {
    Ok(Recipe::open_stored(&folder.resolved(), &[])?.resolve(data)?)
}

/// Where the data is, if it is in files.
pub fn data_path(experiment: &Experiment) -> Option<String> {
    experiment.data.source.path().map(|path| path.to_string_lossy().into_owned())
}

/// The recipe of a run. Where its data is not where the recipe says, but still where it was when the
/// run was trained, it is read from there: the run's folder was moved without the data. This is
/// said.
pub fn recipe_of(
    folder: &RunFolder,
    record: &RunRecord,
    overrides: &[String],
) -> Result<Recipe, Failure> {
    let recipe = Recipe::open_stored(&folder.resolved(), overrides)?;
    let (Some(missing), false) = (missing_data(&recipe), sets_data_path(overrides)) else {
        return Ok(recipe);
    };
    let Some(before) = record.data_path.as_ref().filter(|before| Path::new(before).exists()) else {
        return Ok(recipe);
    };
    complain!("note: {} is not there; the data is read from {before}", missing.display());
    let found = [overrides, &[format!("data.path={before}")]].concat();
    Ok(Recipe::open_stored(&folder.resolved(), &found)?)
}

/// The path of the recipe's data, where nothing is there.
fn missing_data(recipe: &Recipe) -> Option<&Path> {
    recipe.data().source.path().filter(|path| !path.exists())
}

fn sets_data_path(overrides: &[String]) -> bool {
    overrides.iter().any(|set| override_key(set) == "data.path")
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
