//! `glassbox resume`: continue a run that was interrupted or diverged, change it, train longer.

mod adjust;
mod checkpoint;
mod schedule;
use glassbox_recipe::{override_key, refusal, value_at};
use glassbox_runs::{
    Change, Kept, Resumption, RunFolder, RunLock, RunRecord, Status, kept, unix_time,
};
use glassbox_train::{SavedState, StopReason};

use self::checkpoint::Chosen;
use crate::arguments::Resume;
use crate::beginning::Changes;
use crate::failure::Failure;
use crate::format::counted;
use crate::kept::{how_to_resume, list};
use crate::preparation::{self, Preparation};
use crate::run_names;
use crate::session::Session;
use crate::terminal::say;

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
        return nothing_left(&folder, &record, done, arguments);
    }
    let before = std::fs::read_to_string(folder.resolved()).unwrap_or_default();
    let mut overrides = set.clone();
    if let Some(epochs) = &arguments.epochs {
        overrides.push(format!("train.epochs={}", wanted_epochs(epochs, done)?));
    }
    let mut prepared = preparation::prepare_run(&folder, &record, &overrides)?;
    preparation::set_threads(arguments.output.threads, &prepared.experiment);
    let other_data = is_other_data(&folder, &record, &prepared, set)?;
    let epochs = prepared.experiment.train.epochs;
    check_epochs(epochs, &chosen, &folder)?;
    if done >= epochs && record.status == Status::Finished {
        return nothing_left(&folder, &record, done, arguments);
    }
    let resumed = Resumed { folder: &folder, record, before: &before, chosen, other_data };
    let (record, state, changes) = resumed.changed(&mut prepared, arguments)?;
    let (Preparation { experiment, data, .. }, changes) = (&prepared, Some(changes));
    let session = Session { experiment, data, folder: folder.clone(), record, state, changes };
    session.run(&arguments.output)
}

/// Refuses what would make another model.
fn check_keys(set: &[String]) -> Result<(), Failure> {
    for key in set.iter().map(|set| override_key(set)) {
        if let Some(why) = refusal(&key) {
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
        let key = override_key(set);
        key == "train.epochs" || key.starts_with("train.early_stop")
    };
    record.status == Status::Finished
        && arguments.epochs.is_none()
        && arguments.from.is_none()
        && !arguments.overrides.set.iter().any(longer)
}

/// Tells that the run has trained all its epochs. What was to be changed is not ignored without a
/// word: there is no step left that it could change.
fn nothing_left(
    folder: &RunFolder,
    record: &RunRecord,
    done: usize,
    arguments: &Resume,
) -> Result<(), Failure> {
    let name = folder.name();
    let end = match &record.stopped {
        Some(StopReason::NoImprovement(why)) => format!(
            "{name} has finished: it stopped early after {done} of {} ({why})",
            counted(record.epochs, "epoch")
        ),
        _ => format!("{name} has trained its {}", counted(done, "epoch")),
    };
    let next = format!("glassbox resume {} --epochs +5", folder.path().display());
    let keys = arguments.overrides.set.iter().map(|set| format!("--set {}", override_key(set)));
    let asked: Vec<_> = keys.chain(arguments.schedule.map(|_| "--schedule".into())).collect();
    if asked.is_empty() {
        say!("{end}\nnext: {next}");
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "GB0523 × {end}: no step is left for a change\n  expected: more epochs, or an earlier \
         checkpoint that --from names\n  found: {}\n  help: {next} with it trains 5 epochs more",
        asked.join(", ")
    )))
}

/// Refuses an end that the run has passed: it would end in the middle of an epoch, as finished.
fn check_epochs(epochs: usize, chosen: &Chosen, folder: &RunFolder) -> Result<(), Failure> {
    let Some(progress) = chosen.state.as_ref().map(|state| &state.progress) else { return Ok(()) };
    let (done, is_within) = (progress.epoch, progress.batch > 0);
    if epochs > done || (epochs == done && !is_within) {
        return Ok(());
    }
    let part = if is_within { " and a part of the next" } else { "" };
    Err(Failure::Usage(format!(
        "GB0523 × {} has {done} epochs already{part}, more than {epochs}\n  expected: at least {} \
         epochs\n  found: {epochs}\n  help: --epochs +5 trains 5 more; --from resumes from an \
         earlier checkpoint",
        folder.name(),
        done + usize::from(is_within)
    )))
}

/// `N` epochs in all, or `+N` more than are `done`.
fn wanted_epochs(text: &str, done: usize) -> Result<usize, Failure> {
    let (before, number) = match text.strip_prefix('+') {
        Some(number) => (done, number),
        None => (0, text),
    };
    let number = number.parse::<usize>().ok().filter(|number| *number > 0);
    number.and_then(|number| before.checked_add(number)).ok_or_else(|| {
        Failure::Usage(format!("--epochs is a number, or +N for N more, not \"{text}\""))
    })
}

/// Whether the data is another than the run's: only on request, for its scores cannot be compared
/// with those before.
fn is_other_data(
    folder: &RunFolder,
    record: &RunRecord,
    prepared: &Preparation,
    set: &[String],
) -> Result<bool, Failure> {
    if record.is_of(&prepared.data.dataset) {
        return Ok(false);
    }
    if set.iter().any(|set| override_key(set) == "data.path") {
        return Ok(true);
    }
    Err(Failure::Failed(format!(
        "GB0512 × the data of {} has changed\n  expected: a data set with the hash {}\n  \
         found: {}\n  help: put the data back, or say with --set data.path=… that it is to train on \
         other data from here on, or train again with `glassbox train {}`",
        folder.name(),
        record.data_hash,
        prepared.data.dataset.hash_text(),
        folder.recipe().display()
    )))
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
    /// Makes the changes that are asked for: the record and the state with them, and what is to be
    /// written down and told when training begins.
    fn changed(
        mut self,
        prepared: &mut Preparation,
        arguments: &Resume,
    ) -> Result<(RunRecord, Option<SavedState>, Changes), Failure> {
        let asked = arguments.schedule;
        let old = preparation::before(self.folder, &prepared.data)?;
        let plan = schedule::plan(&old, prepared, self.chosen.state.as_ref(), asked)?;
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
            self.record.data_hash = prepared.data.dataset.hash_text();
        }
        let (mut best_kept_as, what) = (None, self.chosen.what());
        let mut state = self.chosen.state.take();
        if let Some(state) = &mut state {
            let (run, restarts) = (&self, plan.restarts);
            let adjustment = adjust::Adjustment { run, after: &after, experiment, restarts };
            let (told, kept_as) = adjustment.adjust(state);
            notes.extend(told);
            best_kept_as = kept_as;
        }
        self.chosen.state = state;
        let (step, _) = self.chosen.place();
        let is_new = !notes.is_empty() || self.chosen.is_earlier;
        let title = format!("note: resuming {} from {what}", self.folder.name());
        let told = std::iter::once(title).chain(notes.iter().map(|note| format!("  {note}")));
        let written = Changes {
            folder: self.folder.clone(),
            told: if is_new { told.collect() } else { Vec::new() },
            best_kept_as,
            state: self.chosen.state.clone().filter(|_| is_new),
            begins_again: is_new && self.chosen.state.is_none(),
            recipe: (!changes.is_empty()).then_some(after),
            left: self.folder.kept_steps().into_iter().filter(|kept| *kept > step).collect(),
        };
        let data_path = preparation::data_path(experiment);
        let epochs = experiment.train.epochs;
        let record = self.record_of(is_new, changes, epochs, data_path);
        Ok((record, self.chosen.state, written))
    }

    /// What differs from the recipe before, key by key.
    fn changes(&self, arguments: &Resume, after: &str) -> Vec<Change> {
        let set = arguments.overrides.set.iter().map(|set| override_key(set));
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
        let wanted = |text: &str| wanted_epochs(text, 10);
        assert_eq!(wanted("12").unwrap(), 12);
        assert_eq!(wanted("+5").unwrap(), 15);
        for wrong in ["0", "+0", "-3", "five", "+", "", "99999999999999999999"] {
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
