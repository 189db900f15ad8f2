//! `glassbox eval`: a run's model on a part of its data, or on other labelled data.

mod subject;
use std::path::{Path, PathBuf};

use glassbox_nn::Graph;
use glassbox_recipe::{Experiment, Recipe, override_key};
use glassbox_runs::checkpoint::load_weights;
use glassbox_runs::{PredictorConfig, RunFolder};
use glassbox_tensor::{Rng, Shape};
use glassbox_train::{Scores, data, metrics};
use serde_json::{Map, Value};

use self::subject::Subject;
use crate::arguments::{Eval, Part, Unknown};
use crate::failure::Failure;
use crate::format::{baseline, baselines, named_score, outputs, thousands};
use crate::kept::weights;
use crate::preparation;
use crate::run_facts::status;
use crate::run_names;
use crate::session::scores_on;
use crate::terminal::{complain, say, say_wrapped};

pub fn run(arguments: &Eval) -> Result<(), Failure> {
    let (folder, record) = run_names::find(&arguments.run, &arguments.runs.path)?;
    check_overrides(&arguments.set)?;
    // A path is another file to read, for data that has none in its recipe, too (digits).
    let (paths, set): (Vec<String>, Vec<String>) =
        arguments.set.iter().cloned().partition(|set| override_key(set) == "data.path");
    let mut files = arguments.files.clone();
    files.extend(paths.last().map(|set| value(set)));
    let recipe = match files.is_empty() {
        true => preparation::recipe_of(&folder, &record, &set)?,
        false => Recipe::open_stored(&folder.resolved(), &set)?,
    };
    let checkpoint = weights(&folder, arguments.checkpoint)?;
    let config = PredictorConfig::read(&checkpoint)?;
    let mut learned = config.learned.clone();
    learned.unknown =
        arguments.unknown.map(Into::into).or(recipe.data().unknown).or(learned.unknown);
    let mut subject = match files.as_slice() {
        [] => Subject::own(arguments, &folder, &record, &recipe, &learned)?,
        files => Subject::other(arguments, files, &record, &recipe, &learned)?,
    };
    let mut experiment = recipe.resolve_to_evaluate(&subject.data)?;
    let classes = subject.data.dataset.targets().width();
    add_metrics(&mut experiment, classes, &arguments.metrics)?;
    subject.leave_out_ignored(&experiment.train.loss);
    if subject.items() == 0 {
        return Err(Failure::Failed(format!(
            "GB0524 × there is nothing to score: all items are of the class that \
             train.loss.ignore_index leaves out\n  expected: items of other classes\n  found: {} \
             items of that class\n  help: `glassbox eval RUN FILE…` scores other labelled data",
            thousands(subject.ignored as u64)
        )));
    }
    preparation::set_threads(None, &experiment);
    // Its initial weights are all replaced.
    let input = Shape::new(&config.learned.input);
    let mut model = Graph::build(&experiment.layers, input, &mut Rng::new(0))
        .map_err(|error| Failure::Failed(format!("the model cannot be built: {error}")))?;
    load_weights(&mut model, &checkpoint)?;
    let scores = scores_on(subject.part, &experiment, &subject.data, &model)?;
    for line in subject.notes.iter().map(|note| format!("note: {note}")) {
        complain!("{line}");
    }
    subject.warnings.iter().for_each(|warning| complain!("warning: {warning}"));
    match arguments.json {
        true => {
            let mut object = subject.object(&folder, &scores);
            object["status"] = status(&folder, &record).into();
            say!("{object}");
        }
        false => show(&folder, &subject, &scores),
    }
    Ok(())
}

fn show(folder: &RunFolder, subject: &Subject, scores: &Scores) {
    say_wrapped(&format!("{} on {}", folder.name(), subject.what()));
    let own = || scores.iter().filter(|(name, _)| baseline(name).is_none() && !name.contains('.'));
    let width = own().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(9);
    for (name, value) in own() {
        say!("{name:>width$}  {}", named_score(name, value));
    }
    outputs(scores).iter().for_each(|line| say_wrapped(line));
    baselines(scores).iter().for_each(|line| say_wrapped(line));
}

/// Adds scores to those that the training reported.
fn add_metrics(
    experiment: &mut Experiment,
    classes: usize,
    names: &[String],
) -> Result<(), Failure> {
    let known = metrics::of(experiment.run.task, classes);
    let known: Vec<String> = known.into_iter().map(|metric| metric.name.to_owned()).collect();
    for name in names {
        if name == "all" {
            experiment.train.metrics.extend(known.clone());
        } else if known.contains(name) {
            experiment.train.metrics.push(name.clone());
        } else {
            return Err(Failure::Usage(format!(
                "GB0126 × there is no metric {name:?} of this model\n  expected: all, or names \
                 out of {}\n  found: {name}\n  help: docs/scores.md defines them all",
                known.join(", ")
            )));
        }
    }
    Ok(())
}

/// The value of `KEY=VALUE` as a path, with or without quotation marks.
fn value(set: &str) -> PathBuf {
    let value = set.split_once('=').map_or("", |(_, value)| value.trim());
    value.trim_matches(['"', '\'']).into()
}

/// Every key that is set must leave what was learned as it is.
fn check_overrides(set: &[String]) -> Result<(), Failure> {
    const HARMLESS: [&str; 6] = [
        "data.path",
        "data.unknown",
        "data.damaged",
        "train.threads",
        "train.precision",
        "train.metrics",
    ];
    match set.iter().map(|set| override_key(set)).find(|key| !HARMLESS.contains(&&**key)) {
        None => Ok(()),
        Some(key) => Err(Failure::Usage(format!(
            "GB0517 × `{key}` cannot be set to evaluate: the model was trained with it as it is\n  \
             expected: one of {}\n  found: {key}\n  help: `glassbox eval RUN FILE…` scores all \
             items of other data, `--split` another part of the run's own; to change what is \
             learned, train again",
            HARMLESS.join(", ")
        ))),
    }
}

impl Subject {
    /// `120 test items`, `all 600 items of new.csv`.
    fn what(&self) -> String {
        let items = thousands(self.items() as u64);
        let of = match self.files.as_slice() {
            [] => String::new(),
            [one] => format!(" of {}", one.display()),
            many => format!(" of {} files", many.len()),
        };
        let ignored = match self.ignored {
            0 => String::new(),
            ignored => format!(" ({} of an ignored class left out)", thousands(ignored as u64)),
        };
        match self.split {
            Some(part) => format!("{items} {} items{of}{ignored}", name_of(part)),
            None => format!("all {items} items{of}{ignored}"),
        }
    }

    /// `{"split": …, "files": […], "n": …, scores…, "run": …}`; `split` is `all` where there is none.
    fn object(&self, folder: &RunFolder, scores: &Scores) -> Value {
        let text = |path: &Path| Value::from(path.to_string_lossy());
        let mut object = Map::new();
        object.insert("split".into(), self.split.map_or("all", name_of).into());
        if !self.files.is_empty() {
            object.insert("files".into(), self.files.iter().map(|path| text(path)).collect());
        }
        object.insert("n".into(), self.items().into());
        if self.ignored > 0 {
            object.insert("ignored".into(), self.ignored.into());
        }
        if self.data.skipped > 0 {
            object.insert("skipped".into(), self.data.skipped.into());
        }
        object.extend(scores.iter().map(|(name, value)| (name.to_owned(), Value::from(value))));
        object.insert("run".into(), folder.name().into());
        if !self.warnings.is_empty() {
            object.insert("warnings".into(), self.warnings.clone().into());
        }
        Value::Object(object)
    }
}

fn name_of(part: Part) -> &'static str {
    match part {
        Part::Train => "train",
        Part::Valid => "valid",
        Part::Test => "test",
    }
}

impl From<Part> for data::Part {
    fn from(part: Part) -> Self {
        match part {
            Part::Train => Self::Train,
            Part::Valid => Self::Valid,
            Part::Test => Self::Test,
        }
    }
}

impl From<Unknown> for glassbox_data::Unknown {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Error => Self::Error,
            Unknown::Other => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_cannot_be_set() {
        check_overrides(&["train.threads=2".into(), "data.path = x.csv".into()]).unwrap();
        let paths = ["data.path = x.csv", "data.path=\"x.csv\""].map(value);
        assert_eq!(paths, [Path::new("x.csv"), Path::new("x.csv")]);
        for set in ["data.split.test=1", "data.normalize=none", "model.layers=[]", "train.loss=mse"]
        {
            let Err(Failure::Usage(message)) = check_overrides(&[set.into()]) else {
                panic!("{set} is accepted")
            };
            assert!(message.contains("GB0517") && message.contains("glassbox eval RUN FILE"));
        }
    }
}
