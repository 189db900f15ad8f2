//! What observers are told, and what they are given to write down.

use glassbox_nn::Module;

use super::Trainer;
use crate::TrainError;
use crate::data::Loader;
use crate::event::{Event, Flow, Observer, StopReason};
use crate::saved_state::Snapshot;

impl<M: Module> Trainer<M> {
    /// Lets observers write down what was reached: the error is on its way to the caller.
    pub(super) fn tell_failure(&mut self, error: &TrainError) {
        // An observer that fails, as on a full disk, may do so before the others were given the
        // state. Of one that is not finite they keep the last that was.
        if let Some(best) = self.unsaved
            && !matches!(error, TrainError::NotFinite(_))
            && self.culprit().is_none()
        {
            // It is the first error that is told.
            let _ = self.offer(best, false);
        }
        let event = Event::Failed { error, progress: &self.progress };
        let _ = show(&mut self.observers, &event);
    }

    pub(super) fn save(
        &mut self,
        best: bool,
        last: bool,
        train: &Loader,
    ) -> Result<(), TrainError> {
        self.check_state(train)?;
        self.offer(best, last)
    }

    fn offer(&mut self, best: bool, last: bool) -> Result<(), TrainError> {
        let states = self.observers.iter().filter_map(|observer| observer.state());
        let observers = states.map(|(name, value)| (name.to_owned(), value)).collect();
        let (model, optimizer) = (&self.model, &self.optimizer);
        let (progress, recurrent) = (&self.progress, &self.state);
        let snapshot = Snapshot { model, optimizer, progress, recurrent, observers };
        show(&mut self.observers, &Event::Save { snapshot: &snapshot, best, last })?;
        self.unsaved = None;
        Ok(())
    }

    /// Lets every observer look into the model.
    pub(super) fn show_model(&mut self) -> Result<(), TrainError> {
        let event = Event::Model { epoch: self.progress.epoch, model: &self.model };
        show(&mut self.observers, &event).map(|_| ())
    }

    /// Shows `event` to every observer; the first reason to stop wins.
    pub(super) fn emit(&mut self, event: &Event<'_>) -> Result<Wishes, TrainError> {
        show(&mut self.observers, event)
    }
}

/// Shows `event` to every observer. One that fails, as on a full disk, does not keep the others from
/// seeing it: what they remember is then of the same moment.
///
/// # Errors
/// The first one's.
pub(super) fn show(
    observers: &mut [Box<dyn Observer>],
    event: &Event<'_>,
) -> Result<Wishes, TrainError> {
    let (mut wishes, mut failure) = (Wishes::default(), None);
    for observer in observers {
        match observer.on(event) {
            Ok(Flow::Continue) => {}
            Ok(Flow::Save) => wishes.save = true,
            Ok(Flow::Stop(reason)) => wishes.stop = wishes.stop.or(Some(reason)),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(wishes), Err)
}

/// What the observers of one event want.
#[derive(Default)]
pub(super) struct Wishes {
    pub(super) save: bool,
    pub(super) stop: Option<StopReason>,
}

#[cfg(test)]
#[path = "telling_tests.rs"]
mod tests;
