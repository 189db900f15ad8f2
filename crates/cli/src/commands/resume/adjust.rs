//! What a saved state has to forget when the recipe around it changes.

use std::path::PathBuf;

use glassbox_nn::RecurrentState;
use glassbox_recipe::{Experiment, value_at};
use glassbox_runs::checkpoint;
use glassbox_train::schedule::{PlateauState, Schedule};
use glassbox_train::{Accumulator, SavedState, StopReason};

use super::Resumed;
use crate::format::counted;

/// What a state is adjusted to. Nothing is written: the state may not fit yet.
pub struct Adjustment<'a> {
    pub run: &'a Resumed<'a>,
    /// The text of the recipe from here on.
    pub after: &'a str,
    pub experiment: &'a Experiment,
    /// Whether the schedule starts again.
    pub restarts: bool,
}

impl Adjustment<'_> {
    fn changes(&self, key: &str) -> bool {
        value_at(self.run.before, key) != value_at(self.after, key)
    }

    /// Adjusts the state; returns what was done, for the user, and under which name the best weights
    /// so far are to be kept where their score counts no more.
    pub fn adjust(&self, state: &mut SavedState) -> (Vec<String>, Option<PathBuf>) {
        let mut notes = Vec::new();
        self.early_stop(state, &mut notes);
        self.optimizer(state, &mut notes);
        self.epoch(state, &mut notes);
        let best_kept_as = self.best(state, &mut notes);
        (notes, best_kept_as)
    }

    /// After an early stop, patience begins again: otherwise the next epoch would be the last.
    fn early_stop(&self, state: &mut SavedState, notes: &mut Vec<String>) {
        let Some(config) = &self.experiment.train.early_stop else { return };
        if self.run.other_data
            || ["train.early_stop.metric", "train.loss"].iter().any(|key| self.changes(key))
        {
            state.observers.remove("early_stop");
            return;
        }
        if matches!(self.run.record.stopped, Some(StopReason::NoImprovement(_)))
            && let Some(memory) = state.observers.get_mut("early_stop")
        {
            memory["waited"] = 0.into();
            let patience = config.patience;
            notes.push(format!(
                "early stopping: the patience of {} begins again",
                counted(patience, "epoch")
            ));
        }
    }

    fn optimizer(&self, state: &mut SavedState, notes: &mut Vec<String>) {
        let train = &self.experiment.train;
        if self.changes("train.optimizer") && !state.fits(&*train.optimizer.rule()) {
            state.forget_optimizer();
            notes.push("the optimizer starts from scratch: its state is of another kind".into());
        }
        let rate = ["train.optimizer.lr", "train.schedule"].iter().any(|key| self.changes(key));
        if matches!(train.schedule, Schedule::ReduceOnPlateau(_))
            && (rate || self.restarts)
            && state.progress.plateau != PlateauState::default()
        {
            state.progress.plateau = PlateauState::default();
            let lr = train.optimizer.learning_rate();
            notes.push(format!("schedule: reduce_on_plateau begins again with the rate {lr}"));
        }
    }

    /// The place in an epoch that is under way, when batches are made in another way.
    fn epoch(&self, state: &mut SavedState, notes: &mut Vec<String>) {
        let progress = &mut state.progress;
        if progress.batch == 0 {
            return;
        }
        // Streams are cut by the number of rows, and so is the state that each of them carried.
        let other_streams = self.experiment.train.stateful && self.changes("train.batch_size");
        let other_order = self.run.other_data
            || ["run.seed", "train.stateful"].iter().any(|key| self.changes(key));
        if other_order || other_streams {
            (progress.batch, progress.train) = (0, Accumulator::default());
            state.recurrent = RecurrentState::default();
            let epoch = progress.epoch + 1;
            notes.push(format!("epoch {epoch} begins again: its items are in another order"));
            return;
        }
        let size = |text| value_at(text, "train.batch_size").and_then(|n| n.parse::<usize>().ok());
        let (Some(old), Some(new)) = (size(self.run.before), size(self.after)) else { return };
        if old != new {
            let used = progress.batch * old;
            progress.batch = used / new;
            let again = used % new;
            if again > 0 {
                notes.push(format!("{again} items are used twice in epoch {}", progress.epoch + 1));
            }
        }
    }

    /// The best score: it cannot be compared with scores of another kind, and weights of a way that
    /// is left are still the best that there are.
    fn best(&self, state: &mut SavedState, notes: &mut Vec<String>) -> Option<PathBuf> {
        let Resumed { folder, record, chosen, other_data, .. } = self.run;
        let best = &mut state.progress.best;
        let other =
            *other_data || ["train.loss", "train.monitor"].iter().any(|key| self.changes(key));
        if !other {
            if chosen.is_earlier {
                let last = checkpoint::peek_state(&folder.training_state());
                *best = last.and_then(|progress| progress.best).or_else(|| best.take());
            }
            return None;
        }
        let had_one = best.take().is_some() && folder.best_weights().exists();
        had_one.then(|| {
            let name = format!("best-before-step-{}.safetensors", record.step);
            notes.push(format!(
                "scores are of another kind from here on: the best weights so far are {name}"
            ));
            folder.best_weights().with_file_name(name)
        })
    }
}
