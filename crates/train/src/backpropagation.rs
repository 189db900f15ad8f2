//! The batches of one step through the model and back, sequences in windows where memory is to be
//! bounded.

use glassbox_nn::losses::LossTotal;
use glassbox_nn::{Cx, Module, RecurrentState};
use glassbox_tensor::{DType, Gradients, Tensor};

use crate::accumulator::Accumulator;
use crate::clip::scale_gradients;
use crate::config::TrainConfig;
use crate::data::{Batch, Normalizer};

/// What learns from a batch: the model, and what a batch adds to.
pub(crate) struct Learner<'a> {
    pub(crate) model: &'a dyn Module,
    pub(crate) cx: &'a mut Cx,
    pub(crate) gradients: &'a mut Gradients,
    pub(crate) sums: &'a mut Accumulator,
}

/// The batches of one optimizer step, whose gradients add up to those of their mean loss: that of
/// one batch of all their items.
pub(crate) struct Group<'a> {
    config: &'a TrainConfig,
    /// How targets were standardized.
    units: &'a Normalizer,
    /// How many batches there will be.
    count: usize,
    /// The weight of the first batch of which something counts: gradients are added as if all
    /// batches weighed as much, which they mostly do.
    first: Option<f64>,
    /// The weight of all batches so far.
    weight: f64,
    /// The mean loss so far.
    mean: f64,
}

impl<'a> Group<'a> {
    /// No batch yet, of `count`.
    pub(crate) fn new(config: &'a TrainConfig, units: &'a Normalizer, count: usize) -> Self {
        Self { config, units, count, first: None, weight: 0.0, mean: 0.0 }
    }

    /// Adds the gradients and scores of `batch` to those of `learner`. Recurrent layers begin with
    /// `state`, where one is carried from batch to batch. A batch whose items are all ignored is
    /// skipped, except that its state is carried on.
    ///
    /// # Errors
    /// The loss, when it is not finite.
    pub(crate) fn add(
        &mut self,
        mut learner: Learner<'_>,
        batch: &Batch,
        state: Option<&mut RecurrentState>,
    ) -> Result<(), f64> {
        let weight = self.config.loss.weight(&batch.targets);
        if state.is_none() && self.ignores_all(&batch.targets) {
            return Ok(());
        }
        let first = match self.first {
            Some(first) => first,
            None if weight == 0.0 => 1.0,
            None => *self.first.insert(weight),
        };
        let share = (weight / first) as f32 * (1.0 / self.count as f32);
        let pass = Pass { config: self.config, units: self.units, weight, share };
        let mean = pass.run(&mut learner, batch, state)?;
        self.weight += weight;
        if weight > 0.0 {
            self.mean += (mean - self.mean) * (weight / self.weight);
        }
        Ok(())
    }

    fn ignores_all(&self, targets: &Tensor) -> bool {
        let ignored = self.config.loss.ignored().filter(|_| targets.dtype() == DType::I32);
        ignored.is_some_and(|ignored| targets.as_i32().iter().all(|&class| class == ignored))
    }

    /// Makes the gradients those of the mean over all items; the mean loss. `None` where nothing
    /// counted.
    pub(crate) fn finish(self, model: &dyn Module, gradients: &mut Gradients) -> Option<f64> {
        let assumed = self.first? * self.count as f64;
        if assumed != self.weight {
            scale_gradients(model, gradients, assumed / self.weight);
        }
        Some(self.mean)
    }
}

/// One batch on its way through the model and back.
struct Pass<'a> {
    config: &'a TrainConfig,
    units: &'a Normalizer,
    /// What the batch's loss is divided by.
    weight: f64,
    /// The batch's share of the gradients.
    share: f32,
}

impl Pass<'_> {
    /// Backpropagates the mean loss of `batch`, which it returns.
    fn run(
        &self,
        learner: &mut Learner<'_>,
        batch: &Batch,
        state: Option<&mut RecurrentState>,
    ) -> Result<f64, f64> {
        let model = learner.model;
        let steps = batch.inputs.dims().get(1).copied().unwrap_or(1);
        // Gradients flow through that many steps: truncated backpropagation through time (Williams
        // and Peng 1990).
        let Some(window) = self.config.bptt.filter(|&window| window < steps) else {
            let prediction = match state {
                Some(state) => learner.cx.with_state(state, |cx| batch.forward(model, cx)),
                None => batch.forward(model, learner.cx),
            };
            return self.learn(learner, &prediction, &batch.targets, self.weight);
        };
        let mut own = RecurrentState::default();
        let state = state.unwrap_or(&mut own);
        let mut mean = 0.0;
        for start in (0..steps).step_by(window) {
            let end = (start + window).min(steps);
            let inputs = batch.inputs.slice(1, start..end);
            let targets = batch.targets.slice(1, start..end);
            let prediction = model.forward_with_state(&inputs, state, learner.cx);
            let weight = self.config.loss.weight(&targets);
            let loss = self.learn(learner, &prediction, &targets, weight)?;
            if weight > 0.0 {
                mean += loss * (weight / self.weight);
            }
        }
        Ok(mean)
    }

    /// Backpropagates the loss of a prediction of this weight, part of the batch's.
    fn learn(
        &self,
        learner: &mut Learner<'_>,
        prediction: &Tensor,
        targets: &Tensor,
        weight: f64,
    ) -> Result<f64, f64> {
        let loss = &self.config.loss;
        if weight == 0.0 {
            // Its mean is NaN. Items that count but weigh nothing are still right or wrong.
            learner.sums.add(loss, LossTotal::default(), prediction, targets, self.units);
            return Ok(0.0);
        }
        let value = loss.compute(prediction, targets);
        let mean = f64::from(value.item());
        if !mean.is_finite() {
            return Err(mean);
        }
        let part = self.share * (weight / self.weight) as f32;
        value.backward_from(Tensor::full(value.shape(), part), learner.gradients);
        let total = LossTotal::of_mean(mean, weight);
        learner.sums.add(loss, total, prediction, targets, self.units);
        Ok(mean)
    }
}

#[cfg(test)]
#[path = "backpropagation_tests.rs"]
mod tests;
