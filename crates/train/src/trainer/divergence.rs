//! When training diverges: found before a state is kept, told with what helps.

use glassbox_nn::{Module, Slot, walk};

use super::Trainer;
use crate::TrainError;
use crate::advice::{Circumstances, rate_key, round};
use crate::data::{Batch, Loader};
use crate::not_finite::NotFinite;
use crate::saved_state::is_finite;

/// A loss that is finite and yet far above where it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The code, what was expected, what was found, and what helps.
    pub text: String,
    /// What to set to get further, as `train.optimizer.lr=0.1`; empty where no setting helps.
    pub advice: Vec<String>,
}

/// A loss that ends this many times above where it began, and above that of the best constant
/// answer, has grown, not wavered: models that learn nothing stay within a few times of these.
const GROWTH: f64 = 100.0;

impl<M: Module> Trainer<M> {
    /// Refuses a state that holds values which are not finite: training on from it is in vain.
    pub(super) fn check_state(&mut self, train: &Loader) -> Result<(), TrainError> {
        if self.is_finite {
            return Ok(());
        }
        match self.culprit() {
            Some(culprit) => Err(self.diverged(None, Some(culprit), None, train)),
            None => {
                self.is_finite = true;
                Ok(())
            }
        }
    }

    /// The step that just produced a loss that is no number, explained.
    pub(super) fn not_finite(&self, loss: f64, batch: &Batch, train: &Loader) -> TrainError {
        self.diverged(Some(loss), self.culprit(), Some(batch), train)
    }

    fn diverged(
        &self,
        loss: Option<f64>,
        culprit: Option<String>,
        batch: Option<&Batch>,
        train: &Loader,
    ) -> TrainError {
        let step = self.progress.step + u64::from(loss.is_some());
        // A state is checked after the last batch of an epoch as well, which still belongs to it.
        let epoch = self.progress.epoch + 1;
        let (largest_weight, circumstances) =
            (self.largest_weight(), self.circumstances(batch, train));
        TrainError::NotFinite(Box::new(NotFinite {
            loss,
            step,
            epoch,
            culprit,
            largest_weight,
            circumstances,
        }))
    }

    /// The first value of the state that is not finite.
    pub(super) fn culprit(&self) -> Option<String> {
        let mut found = None;
        walk(&self.model, |path, slot| {
            let (kind, value) = match slot {
                Slot::Param(param) => ("parameter", param.value()),
                Slot::Buffer(buffer) => ("running statistic", buffer.value().clone()),
            };
            if found.is_none() && !is_finite(&value) {
                found = Some(format!("{kind} {path}"));
            }
        });
        found.or_else(|| {
            let state = self.optimizer.state(&self.model);
            let bad = state.tensors.iter().find(|(_, tensor)| !is_finite(tensor));
            bad.map(|(name, _)| format!("optimizer state {name}"))
        })
    }

    fn largest_weight(&self) -> Option<(String, f64)> {
        let mut found: Option<(String, f64)> = None;
        walk(&self.model, |path, slot| {
            let Slot::Param(param) = slot else { return };
            let size = param.value().as_slice().iter().fold(0.0f32, |most, x| most.max(x.abs()));
            if found.as_ref().is_none_or(|(_, most)| f64::from(size) > *most) {
                found = Some((path.to_string(), f64::from(size)));
            }
        });
        found
    }

    fn circumstances(&self, batch: Option<&Batch>, train: &Loader) -> Circumstances {
        let first = || train.epoch(0, 0).ok()?.next()?.ok();
        let seen = match batch {
            Some(batch) => Circumstances::of_batch(batch),
            None => first().as_ref().map(Circumstances::of_batch).unwrap_or_default(),
        };
        Circumstances {
            inputs_normalized: !train.input_units().is_identity(),
            targets_standardized: !train.target_units().is_identity(),
            rate: rate_key(&self.config.schedule, &self.config.optimizer),
            clipped: self.config.clip.is_some(),
            untrained: self.optimizer.is_fresh(),
            ..seen
        }
    }

    /// What to say of a loss that is finite and yet far above where it began: `GB0403`, with what
    /// helps. None for a run that is as it should be.
    ///
    /// `constant` is the loss of the best constant answer on the training items, where it is known:
    /// the first batch alone may have had a small loss by chance.
    pub fn growth(&self, train: &Loader, constant: Option<f64>) -> Option<Growth> {
        let (first, last) = (self.progress.first_loss?, self.progress.last_loss?);
        let (least, what) = match constant {
            Some(constant) if constant > first => (constant, "that of the best constant answer"),
            _ => (first, "where it began"),
        };
        if !(first > 0.0 && last > GROWTH * least) {
            return None;
        }
        let circumstances = self.circumstances(None, train);
        let text = format!(
            "GB0403 × the training loss grew without bound\n  expected: a loss below {}, {what}\n  \
             found: {} in the last epoch{circumstances}",
            round(least),
            round(last)
        );
        Some(Growth { text, advice: circumstances.settings() })
    }
}

#[cfg(test)]
#[path = "divergence_tests.rs"]
mod tests;
