//! Trying something out in the middle of a training, and going back.

use std::mem::take;

use glassbox_nn::{Module, Slot, SlotMut, walk, walk_mut};
use glassbox_tensor::Gradients;

use super::Trainer;
use crate::TrainError;
use crate::config::TrainConfig;
use crate::data::Loader;
use crate::event::StepReport;
use crate::saved_state::{SavedState, Snapshot};

impl<M: Module> Trainer<M> {
    /// The exact training state as it is now, in memory. Tensors are shared until training changes
    /// them, so this costs next to nothing.
    pub fn snapshot(&self) -> SavedState {
        let states = self.observers.iter().filter_map(|observer| observer.state());
        let observers = states.map(|(name, value)| (name.to_owned(), value)).collect();
        let (model, optimizer) = (&self.model, &self.optimizer);
        let (progress, recurrent) = (&self.progress, &self.state);
        Snapshot { model, optimizer, progress, recurrent, observers }.to_saved()
    }

    /// The settings, which a fork may change: another rate, another clipping.
    pub fn config_mut(&mut self) -> &mut TrainConfig {
        &mut self.config
    }

    /// Lets `inner` train on from here and measure, then goes back: weights, optimizer, progress,
    /// settings and all that is remembered are what they were, and training ends with the same bits
    /// as without the fork. Observers see nothing of it.
    ///
    /// ```
    /// use glassbox_nn::Sequential;
    /// use glassbox_data::DataConfig;
    /// use glassbox_train::data::LoaderConfig;
    /// use glassbox_train::{TrainConfig, Trainer};
    ///
    /// let data = DataConfig::default().prepare(".".as_ref())?;
    /// let train = data.train_loader(&[], LoaderConfig::default())?;
    /// let model = Sequential::input([8, 8, 1]).flatten().dense(10).build(7)?;
    /// let mut trainer = Trainer::new(model, TrainConfig::default());
    /// // Would these steps go better with a tenth of the rate?
    /// let losses = trainer.fork(|fork| {
    ///     fork.set_learning_rate(1e-4);
    ///     fork.advance(&train, 5)
    /// })??;
    /// assert_eq!(losses.len(), 5);
    /// assert_eq!(trainer.progress().step, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When `inner` has put another model in the place of this one, so that the state does not fit
    /// it.
    pub fn fork<R>(&mut self, inner: impl FnOnce(&mut Self) -> R) -> Result<R, TrainError> {
        let before = self.snapshot();
        let observers = take(&mut self.observers);
        let (config, unsaved) = (self.config.clone(), self.unsaved);
        let frozen = self.frozen();
        let pace = self.optimizer.pace();
        let result = inner(self);
        self.config = config;
        self.optimizer.set_pace(pace);
        self.gradients = Gradients::default();
        let restored = self.restore(before);
        self.thaw_as(&frozen);
        self.observers = observers;
        self.unsaved = unsaved;
        restored.map(|()| result)
    }

    /// Makes the next `steps` optimizer steps, from epoch to epoch, without validation: their
    /// reports. Steps of which nothing counts are made, and have none.
    ///
    /// # Errors
    /// As [`Trainer::fit`].
    pub fn advance(&mut self, train: &Loader, steps: usize) -> Result<Vec<StepReport>, TrainError> {
        self.check_settings()?;
        self.check(train, None)?;
        let (mut reports, mut left) = (Vec::new(), steps);
        while left > 0 && train.batches() > 0 {
            if self.progress.batch >= train.batches() {
                (self.progress.epoch, self.progress.batch) = (self.progress.epoch + 1, 0);
                self.progress.train = Default::default();
            }
            if self.progress.batch == 0 {
                self.state.reset();
            }
            let (epoch, batch) = (self.progress.epoch as u64, self.progress.batch);
            let mut batches = train.epoch(epoch, batch)?;
            while left > 0 && self.progress.batch < train.batches() {
                let rest = train.batches() - self.progress.batch;
                let count = self.config.accumulate.max(1).min(rest);
                reports.extend(self.step(&mut batches, count, train)?);
                left -= 1;
            }
        }
        Ok(reports)
    }

    /// Trains with another learning rate from here on, the shape of its schedule being kept.
    pub fn set_learning_rate(&mut self, rate: f64) {
        self.config.optimizer.set_learning_rate(rate);
    }

    fn frozen(&self) -> Vec<bool> {
        let mut frozen = Vec::new();
        walk(&self.model, |_, slot| {
            if let Slot::Param(param) = slot {
                frozen.push(param.is_frozen());
            }
        });
        frozen
    }

    fn thaw_as(&mut self, frozen: &[bool]) {
        let mut frozen = frozen.iter();
        walk_mut(&mut self.model, |_, slot| {
            if let (SlotMut::Param(param), Some(&frozen)) = (slot, frozen.next()) {
                param.set_frozen(frozen);
            }
        });
    }
}
