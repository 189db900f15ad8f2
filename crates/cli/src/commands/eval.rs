//! `glassbox eval`: a run's model on a part of its data.

use glassbox_train::checkpoint::load_weights;
use glassbox_train::data::{InputReader, Unit};
use glassbox_train::{RunFolder, Scores, data};
use serde_json::{Map, Value};

use crate::arguments::{Checkpoint, Eval, Part};
use crate::failure::Failure;
use crate::format::{baseline, baselines, score, thousands};
use crate::preparation;
use crate::run_names;
use crate::session::scores_on;
use crate::terminal::say;

pub fn run(arguments: &Eval) -> Result<(), Failure> {
    let (folder, _) = run_names::find(&arguments.run, &arguments.runs.path)?;
    let prepared = preparation::prepare(Some(&folder.resolved()), &arguments.overrides.set)?;
    let (experiment, data) = (&prepared.experiment, &prepared.data);
    let (part, split) = match arguments.split {
        Part::Train => (data::Part::Train, "train"),
        Part::Valid => (data::Part::Valid, "valid"),
        Part::Test => (data::Part::Test, "test"),
    };
    let items = data.split.part(part).len();
    if items == 0 {
        return Err(Failure::Usage(format!(
            "this run has no {split} items\n  help: --split train, or keep some back in the recipe"
        )));
    }
    let mut model = experiment
        .build_model(data)
        .map_err(|error| Failure::Failed(format!("the model cannot be built: {error}")))?;
    let checkpoint = weights(&folder, arguments.checkpoint);
    load_weights(&mut model, &checkpoint)?;
    let scores = scores_on(part, experiment, data, &model)?;
    let scores = named_after_unit(&scores, &data.reader);
    if arguments.json {
        let mut object = Map::new();
        object.insert("split".into(), split.into());
        object.insert("n".into(), items.into());
        object.extend(scores.iter().map(|(name, value)| (name.to_owned(), Value::from(value))));
        object.insert("run".into(), folder.name().into());
        say!("{}", Value::Object(object));
        return Ok(());
    }
    say!("{} on {} {split} items", folder.name(), thousands(items as u64));
    for (name, value) in scores.iter().filter(|(name, _)| baseline(name).is_none()) {
        match name {
            "accuracy" => say!("{name:>9}  {:.2} %", 100.0 * value),
            _ => say!("{name:>9}  {}", score(value)),
        }
    }
    baselines(&scores).iter().for_each(|line| say!("{line}"));
    Ok(())
}

/// The scores, bits being those of a character where tokens are characters.
fn named_after_unit(scores: &Scores, reader: &InputReader) -> Scores {
    let InputReader::Text(vocabulary) = reader else { return scores.clone() };
    let bits = match vocabulary.unit() {
        Unit::Char => "bits_per_character",
        Unit::Byte => "bits_per_byte",
        Unit::Word => "bits_per_word",
    };
    scores.iter().map(|(name, x)| (if name == "bits_per_token" { bits } else { name }, x)).collect()
}

/// The file of the weights that the user chose.
pub fn weights(folder: &RunFolder, checkpoint: Checkpoint) -> std::path::PathBuf {
    match checkpoint {
        Checkpoint::Best => folder.best_weights(),
        Checkpoint::Last => folder.last_weights(),
    }
}
