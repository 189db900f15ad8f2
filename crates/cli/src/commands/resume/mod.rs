//! `glassbox resume`: continue a run that was interrupted or diverged, change it, train longer.

mod adjust;
mod checkpoint;
mod schedule;

use glassbox_recipe::{refusal, value_at};
use glassbox_train::checkpoint::SavedState;
use glassbox_train::{
    Change, Kept, Resumption, RunFolder, RunLock, RunRecord, Status, StopReason, kept, unix_time,
};

use self::checkpoint::Chosen;
use crate::arguments::Resume;
use crate::failure::{Failure, write_file};
use crate::kept::{how_to_resume, list};
use crate::preparation::{self, Preparation};
use crate::run_names;
use crate::session::Session;
use crate::terminal::{complain, say};

pub fn run(arguments: &Resume) -> Result<(), Failure> {
    let (folder, _) = run_names::find(&arguments.run, &arguments.runs.path)?;
    let _lock = RunLock::acquire(&folder)?;
    let record = folder.record()?;
    let set = &arguments.overrides.set;
    check_keys(set)?;
    let kept = kept(&folder);
    if record.has_diverged() && set.is_empty() {
        return Err(in_vain(&folder, &record));
    }
    let chosen = checkpoint::choose(&folder, &record, &kept, arguments.from.as_deref())?;
    let done = chosen.state.as_ref().map_or(0, |state| state.progress.epoch);
    if is_over(&record, arguments) {
        tell_end(&folder, &record, done);
        return Ok(());
    }
    let before = std::fs::read_to_string(folder.resolved()).unwrap_or_default();
    let mut overrides = set.clone();
    if let Some(epochs) = &arguments.epochs {
        overrides.push(format!("train.epochs={}", wanted_epochs(epochs, done, &folder)?));
    }
    overrides.extend(preparation::found_data(&folder, &record, set));
    let mut prepared = preparation::prepare_run(&folder, &overrides)?;
    preparation::set_threads(arguments.output.threads, &prepared.experiment);
    let other_data = is_other_data(&folder, &record, &prepared, set)?;
    if done >= prepared.experiment.train.epochs && record.status == Status::Finished {
        tell_end(&folder, &record, done);
        return Ok(());
    }
    let resumed = Resumed { folder: &folder, record, before: &before, chosen, other_data };
    let (record, state) = resumed.changed(&mut prepared, arguments)?;
    let Preparation { experiment, data, .. } = &prepared;
    Session { experiment, data, folder: folder.clone(), record, state }.run(&arguments.output)
}

/// The key of an override.
fn key(set: &str) -> &str {
    set.split('=').next().unwrap_or_default().trim()
}

/// Refuses what would make another model.
fn check_keys(set: &[String]) -> Result<(), Failure> {
    for key in set.iter().map(|set| key(set)) {
        if let Some(why) = refusal(key) {
            return Err(Failure::Usage(format!(
                "GB0522 × `{key}` cannot be changed when a run is resumed: {why}\n  expected: a key \
                 that leaves the weights' shapes alone, and what the model knows about its data\n  \
                 found: `{key}`\n  help: write a recipe with it and train that"
            )));
        }
    }
    Ok(())
}

/// A run that diverged and is changed in nothing would diverge again, to the same bits.
fn in_vain(folder: &RunFolder, record: &RunRecord) -> Failure {
    let error = record.error.as_deref().unwrap_or_default();
    Failure::Failed(format!(
        "GB0520 × {} diverged: the same steps would end in the same way, to the same bits\n  \
         expected: a change with --set\n  found: none; the run ended with\n    {}{}",
        folder.name(),
        error.replace('\n', "\n    "),
        how_to_resume(folder, record)
    ))
}

/// Whether the run has come to its end and nothing is asked that would take it further.
fn is_over(record: &RunRecord, arguments: &Resume) -> bool {
    let longer = |set: &String| {
        let key = key(set);
        key == "train.epochs" || key.starts_with("train.early_stop")
    };
    record.status == Status::Finished
        && arguments.epochs.is_none()
        && arguments.from.is_none()
        && !arguments.overrides.set.iter().any(longer)
}

fn tell_end(folder: &RunFolder, record: &RunRecord, done: usize) {
    match &record.stopped {
        Some(StopReason::NoImprovement(why)) => say!(
            "{} has finished: it stopped early after {done} of {} epochs ({why})",
            folder.name(),
            record.epochs
        ),
        _ => say!("{} has trained its {done} epochs", folder.name()),
    }
    say!("next: glassbox resume {} --epochs +5", folder.path().display());
}

/// `N` epochs in all, or `+N` more than are `done`.
fn wanted_epochs(text: &str, done: usize, folder: &RunFolder) -> Result<usize, Failure> {
    let (before, number) = match text.strip_prefix('+') {
        Some(number) => (done, number),
        None => (0, text),
    };
    let number = number.parse::<usize>().ok().filter(|number| *number > 0);
    let epochs = number.and_then(|number| before.checked_add(number)).ok_or_else(|| {
        Failure::Usage(format!("--epochs is a number, or +N for N more, not \"{text}\""))
    })?;
    if epochs < done {
        return Err(Failure::Usage(format!(
            "{} has {done} epochs already, more than {epochs}\n  help: --epochs +5 trains 5 more",
            folder.name()
        )));
    }
    Ok(epochs)
}

/// Whether the data is another than the run's: only on request, for its scores cannot be compared
/// with those before.
fn is_other_data(
    folder: &RunFolder,
    record: &RunRecord,
    prepared: &Preparation,
    set: &[String],
) -> Result<bool, Failure> {
    let is_same = |hash| prepared.data.dataset.matches(hash);
    if u64::from_str_radix(&record.data_hash, 16).is_ok_and(is_same) {
        return Ok(false);
    }
    if set.iter().any(|set| key(set) == "data.path") {
        return Ok(true);
    }
    Err(Failure::Failed(format!(
        "GB0512 × the data of {} has changed\n  expected: a data set with the hash {}\n  \
         found: {}\n  help: put the data back, or say with --set data.path=… that it is to train on \
         other data from here on, or train again with `glassbox train {}`",
        folder.name(),
        record.data_hash,
        hash(prepared),
        folder.recipe().display()
    )))
}

fn hash(prepared: &Preparation) -> String {
    format!("{:016x}", prepared.data.dataset.fingerprint())
}

/// A run on its way back to training.
struct Resumed<'a> {
    folder: &'a RunFolder,
    record: RunRecord,
    /// The text of its resolved recipe.
    before: &'a str,
    chosen: Chosen,
    /// Whether it trains on other data from here on.
    other_data: bool,
}

impl Resumed<'_> {
    /// Makes the changes that are asked for, tells them, and writes them down: state, recipe and
    /// record are then those of a run that was never anything else.
    fn changed(
        mut self,
        prepared: &mut Preparation,
        arguments: &Resume,
    ) -> Result<(RunRecord, Option<SavedState>), Failure> {
        let asked = arguments.schedule;
        let plan = schedule::plan(self.before, prepared, self.chosen.state.as_ref(), asked)?;
        prepared.experiment.train.schedule_span = plan.span;
        let experiment = &prepared.experiment;
        let after = experiment.to_toml_in(self.folder.path());
        let changes = self.changes(arguments, &after);
        let is_wish =
            |change: &Change| !matches!(&*change.key, "train.epochs" | "train.schedule_span");
        if self.record.has_diverged() && !changes.iter().any(is_wish) {
            return Err(in_vain(self.folder, &self.record));
        }
        let mut notes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        notes.extend(plan.notes);
        if self.other_data {
            let text = "the data is another, read as the model knows it: scores from here on cannot be \
                        compared with those before";
            notes.push(text.into());
            self.record.data_hash = hash(prepared);
        }
        let mut is_new = !changes.is_empty() || self.chosen.is_earlier || self.other_data;
        if let Some(state) = &mut self.chosen.state {
            let adjusted = adjust::State {
                folder: self.folder,
                record: &self.record,
                before: self.before,
                after: &after,
                experiment,
                restarts: plan.restarts,
                is_earlier: self.chosen.is_earlier,
                other_data: self.other_data,
            };
            let told = adjusted.adjust(state)?;
            is_new |= !told.is_empty();
            notes.extend(told);
            if is_new {
                state.write(&self.folder.training_state())?;
            }
        }
        if is_new {
            self.tell(&notes);
        }
        if !changes.is_empty() {
            write_file(&self.folder.resolved(), &after)?;
        }
        let data_path = preparation::data_path(experiment);
        let epochs = experiment.train.epochs;
        let record = self.record_of(is_new, changes, epochs, data_path);
        Ok((record, self.chosen.state))
    }

    /// What differs from the recipe before, key by key.
    fn changes(&self, arguments: &Resume, after: &str) -> Vec<Change> {
        let set = arguments.overrides.set.iter().map(|set| key(set).to_owned());
        let mut keys: Vec<String> = set.collect();
        for implied in ["train.epochs", "train.schedule_span"] {
            if !keys.iter().any(|key| key == implied) {
                keys.push(implied.into());
            }
        }
        let change = |key: String| {
            let (old, new) = (value_at(self.before, &key), value_at(after, &key));
            Change { key, old, new }
        };
        keys.into_iter().map(change).filter(|change| change.old != change.new).collect()
    }

    fn tell(&self, notes: &[String]) {
        complain!("note: resuming {} from {}", self.folder.name(), self.chosen.what());
        notes.iter().for_each(|note| complain!("  {note}"));
    }

    fn record_of(
        &self,
        is_new: bool,
        changes: Vec<Change>,
        epochs: usize,
        data_path: Option<String>,
    ) -> RunRecord {
        let mut record = self.record.clone();
        let (step, epoch) = self.chosen.place();
        if is_new || record.error.is_some() {
            record.history.push(Resumption {
                time: unix_time(),
                step,
                epoch,
                from: self.chosen.name.clone(),
                after: record.error.clone(),
                changes,
            });
        }
        record.epochs = epochs;
        (record.epoch, record.step) = (epoch, step);
        record.data_path = data_path.or(record.data_path);
        (record.error, record.failed_at, record.stopped) = (None, None, None);
        (record.warning, record.test) = (None, None);
        record
    }
}

/// That there is no such checkpoint, and which there are.
fn no_such_checkpoint(name: &str, kept: &[Kept]) -> Failure {
    Failure::Usage(format!(
        "GB0521 × there is no checkpoint \"{name}\"\n  expected: best, last, or a step that is kept\n  \
         found: {}\n  help: train.checkpoint_every keeps the five latest steps that it asks for",
        list(kept)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_absolute_or_more() {
        let runs = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(runs.path(), "a").unwrap();
        let wanted = |text: &str| wanted_epochs(text, 10, &folder);
        assert_eq!(wanted("12").unwrap(), 12);
        assert_eq!(wanted("+5").unwrap(), 15);
        for wrong in ["0", "+0", "-3", "five", "+", "", "99999999999999999999", "9"] {
            assert!(matches!(wanted(wrong), Err(Failure::Usage(_))), "{wrong}");
        }
    }

    #[test]
    fn keys_that_make_another_model_are_refused() {
        let Err(Failure::Usage(message)) = check_keys(&["model.layers.0.units = 3".into()]) else {
            panic!("is accepted")
        };
        assert!(message.contains("GB0522") && message.contains("`model.layers.0.units`"));
        assert!(check_keys(&["train.optimizer.lr=1e-3".into(), "data.path=x".into()]).is_ok());
    }
}
