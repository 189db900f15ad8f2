//! From the command line to an experiment with its data in memory.

use std::path::{Path, PathBuf};

use glassbox_recipe::{Experiment, Recipe};
use glassbox_tensor::threads;
use glassbox_train::data::Prepared;

use crate::embedded;
use crate::failure::Failure;
use crate::terminal::complain;

/// An experiment, its data and the recipe they come from.
pub struct Preparation {
    /// Everything decided.
    pub experiment: Experiment,
    /// The data in memory, split and with its normalisation.
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
    Ok(Preparation { experiment, data, text: recipe.text().to_owned() })
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
