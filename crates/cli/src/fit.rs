//! How well a run fits what it was trained on, and what it was not.

use glassbox_report::Curves;
use glassbox_runs::RunRecord;

/// The losses of a run's best epoch, or of its last one where none is the best.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fit {
    /// On the training items, an average while learning.
    pub train: Option<f64>,
    /// On the validation items.
    pub valid: Option<f64>,
}

impl Fit {
    /// The fit of a run with these curves.
    pub fn of(record: &RunRecord, curves: &Curves) -> Self {
        let best = record.best.as_ref().map(|best| best.epoch).or_else(|| curves.best_epoch());
        let epoch = curves.epochs.iter().rev().find(|epoch| Some(epoch.epoch) == best);
        match epoch.or(curves.epochs.last()) {
            Some(epoch) => Self {
                train: epoch.train.get("loss"),
                valid: epoch.valid.as_ref().and_then(|scores| scores.get("loss")),
            },
            None => Self::default(),
        }
    }

    /// How much larger the loss is on the validation items.
    pub fn gap(&self) -> Option<f64> {
        Some(self.valid? - self.train?)
    }
}
