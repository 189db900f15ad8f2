//! What a saved state has to forget when the recipe around it changes.

use glassbox_nn::RecurrentState;
use glassbox_recipe::{Experiment, value_at};
use glassbox_train::checkpoint::SavedState;
use glassbox_train::observers::same_file;
use glassbox_train::schedule::{PlateauState, Schedule};
use glassbox_train::{Accumulator, RunFolder, RunRecord, StopReason};

use crate::failure::Failure;

/// What a state is adjusted to.
pub struct State<'a> {
    pub folder: &'a RunFolder,
    pub record: &'a RunRecord,
    /// The text of the recipe so far.
    pub before: &'a str,
    /// The text of the recipe from here on.
    pub after: &'a str,
    pub experiment: &'a Experiment,
    /// Whether the schedule starts again.
    pub restarts: bool,
    /// Whether the state is not the last one: a part of the way is left.
    pub is_earlier: bool,
    /// Whether the data is another from here on.
    pub other_data: bool,
}

impl State<'_> {
    fn changes(&self, key: &str) -> bool {
        value_at(self.before, key) != value_at(self.after, key)
    }

    /// Adjusts the state; answers what was done, for the user.
    pub fn adjust(&self, state: &mut SavedState) -> Result<Vec<String>, Failure> {
        let mut notes = Vec::new();
        self.early_stop(state, &mut notes);
        self.optimizer(state, &mut notes);
        self.epoch(state, &mut notes);
        self.best(state, &mut notes)?;
        for step in self.folder.kept_steps() {
            if step > state.progress.step {
                // Of the way that is left; one that stays is no harm.
                let _ = std::fs::remove_file(self.folder.step_state(step));
            }
        }
        Ok(notes)
    }

    /// After an early stop, patience begins again: otherwise the next epoch would be the last.
    fn early_stop(&self, state: &mut SavedState, notes: &mut Vec<String>) {
        let Some(config) = &self.experiment.train.early_stop else { return };
        if self.other_data
            || ["train.early_stop.metric", "train.loss"].iter().any(|key| self.changes(key))
        {
            state.observers.remove("early_stop");
            return;
        }
        if matches!(self.record.stopped, Some(StopReason::NoImprovement(_)))
            && let Some(memory) = state.observers.get_mut("early_stop")
        {
            memory["waited"] = 0.into();
            let patience = config.patience;
            notes.push(format!("early stopping: the patience of {patience} epochs begins again"));
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
        if self.other_data || self.changes("run.seed") || self.changes("train.stateful") {
            (progress.batch, progress.train) = (0, Accumulator::default());
            state.recurrent = RecurrentState::default();
            let epoch = progress.epoch + 1;
            notes.push(format!("epoch {epoch} begins again: its items are in another order"));
            return;
        }
        let size = |text| value_at(text, "train.batch_size").and_then(|n| n.parse::<usize>().ok());
        let (Some(old), Some(new)) = (size(self.before), size(self.after)) else { return };
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
    fn best(&self, state: &mut SavedState, notes: &mut Vec<String>) -> Result<(), Failure> {
        let best = &mut state.progress.best;
        let other =
            self.other_data || ["train.loss", "train.monitor"].iter().any(|key| self.changes(key));
        if !other {
            if self.is_earlier {
                let last = SavedState::peek(&self.folder.training_state());
                *best = last.and_then(|progress| progress.best).or_else(|| best.take());
            }
            return Ok(());
        }
        if best.is_some() && self.folder.best_weights().exists() {
            let step = self.record.step;
            let name = format!("best-before-step-{step}.safetensors");
            let path = self.folder.best_weights().with_file_name(&name);
            same_file(&self.folder.best_weights(), &path)?;
            notes.push(format!(
                "scores are of another kind from here on: the best weights so far are {name}"
            ));
        }
        *best = None;
        Ok(())
    }
}
