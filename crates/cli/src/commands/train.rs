//! `glassbox train`: from a recipe to a trained, evaluated and resumable model.

use glassbox_runs::{RunFolder, RunLock, RunRecord, unix_time};
use glassbox_tensor::threads;

use crate::arguments::Train;
use crate::failure::{Failure, write_file};
use crate::preparation::{self, Preparation};
use crate::session::Session;
use crate::terminal::complain;

pub fn run(arguments: &Train) -> Result<(), Failure> {
    let mut overrides = arguments.overrides.set.clone();
    overrides.extend(arguments.seed.map(|seed| format!("run.seed={seed}")));
    let prepared = preparation::prepare(arguments.recipe.as_deref(), &overrides)?;
    preparation::set_threads(arguments.output.threads, &prepared.experiment);
    let folder = RunFolder::create(&arguments.runs.path, &prepared.experiment.run.name)?;
    let _lock = RunLock::acquire(&folder)?;
    let name = prepared.experiment.run.name.trim();
    let part = RunFolder::part_of_name(name);
    if part != name {
        complain!("note: run.name \"{name}\" is \"{part}\" in the name of the run's folder");
    }
    let record = begin(&folder, &prepared, overrides)?;
    let Preparation { experiment, data, .. } = &prepared;
    Session { experiment, data, folder, record, state: None, changes: None }.run(&arguments.output)
}

/// Writes what a run folder has before training begins.
fn begin(
    folder: &RunFolder,
    prepared: &Preparation,
    overrides: Vec<String>,
) -> Result<RunRecord, Failure> {
    let experiment = &prepared.experiment;
    write_file(&folder.recipe(), &prepared.text)?;
    write_file(&folder.resolved(), &experiment.to_toml_in(folder.path()))?;
    let mut record = RunRecord {
        name: folder.name(),
        started: unix_time(),
        version: env!("CARGO_PKG_VERSION").into(),
        cpu: glassbox_tensor::cpu_name().into(),
        threads: threads::count(),
        seed: experiment.run.seed,
        data_hash: prepared.data.dataset.hash_text(),
        epochs: experiment.train.epochs,
        data_path: preparation::data_path(experiment),
        overrides: Some(overrides),
        ..RunRecord::default()
    };
    folder.write_record(&mut record)?;
    Ok(record)
}
