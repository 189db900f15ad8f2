//! What is right in itself but may not be what is meant.

use glassbox_train::schedule::Schedule;

use crate::experiment::Experiment;
use crate::recipe::Recipe;

impl Recipe {
    /// Settings that cannot act in so few epochs. They are no mistakes: a recipe is often tried
    /// with fewer epochs than it is for.
    pub fn notes(&self, experiment: &Experiment) -> Vec<String> {
        let mut notes = Vec::new();
        if self.stored {
            return notes;
        }
        let epochs = experiment.train.epochs;
        if let Some(early_stop) = &experiment.train.early_stop
            && early_stop.patience >= epochs
        {
            let patience = early_stop.patience;
            notes.push(format!(
                "train.early_stop.patience = {patience}: training cannot stop early in {epochs} epochs"
            ));
        }
        // The first epoch is the best one, patience + 1 are not better, and one must be left.
        if let Schedule::ReduceOnPlateau(schedule) = &experiment.train.schedule
            && schedule.patience.saturating_add(2) >= epochs
        {
            let patience = schedule.patience;
            notes.push(format!(
                "train.schedule.patience = {patience}: the rate cannot fall in {epochs} epochs"
            ));
        }
        notes
    }
}
