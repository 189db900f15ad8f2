//! Which weights are the best.

use glassbox_nn::Module;

use super::Trainer;
use crate::event::Best;
use crate::monitor::Monitor;
use crate::scores::Scores;

impl<M: Module> Trainer<M> {
    /// The score that decides which weights are the best, and its value. Where it is undefined, as
    /// R² of a single item, the loss of the same set decides.
    fn monitored(&self, train: &Scores, valid: Option<&Scores>) -> Option<(Monitor, f64)> {
        let watched = || self.observers.iter().find_map(|observer| observer.watches().cloned());
        let monitor = self.config.monitor.clone().or_else(watched).unwrap_or_default();
        let set = monitor.metric.split_once('.').map_or("valid", |(set, _)| set);
        let loss = Monitor { metric: format!("{set}.loss") };
        let (metric, value) = (monitor.value(train, valid)).or_else(|| loss.value(train, valid))?;
        Some((Monitor { metric }, value))
    }

    pub(super) fn note_best(&mut self, train: &Scores, valid: Option<&Scores>) -> bool {
        let Some((monitor, value)) = self.monitored(train, valid) else { return false };
        // Values of another score cannot be compared.
        let before = self.progress.best.as_ref().filter(|best| best.metric == monitor.metric);
        let better = before.is_none_or(|best| monitor.is_better(value, best.value));
        if better {
            let (metric, epoch) = (monitor.metric, self.progress.epoch);
            self.progress.best = Some(Best { metric, value, epoch });
        }
        better
    }
}
