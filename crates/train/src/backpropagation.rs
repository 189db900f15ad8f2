//! One batch through the model and back, sequences in windows where memory is to be bounded.

use glassbox_nn::{Cx, Loss, Module, RecurrentState};
use glassbox_tensor::{Gradients, Tensor};

use crate::accumulator::Accumulator;
use crate::data::{Batch, Normalizer};

/// What a backward pass needs besides the model and the batch.
pub(crate) struct Pass<'a> {
    pub(crate) loss: &'a Loss,
    /// How targets were standardised.
    pub(crate) units: &'a Normalizer,
    /// Steps of a sequence through which gradients flow (truncated backpropagation through time,
    /// Williams and Peng 1990); all when absent.
    pub(crate) bptt: Option<usize>,
    /// The batch's share of the gradients.
    pub(crate) share: f32,
}

impl Pass<'_> {
    /// Adds the gradients of the mean loss of `batch` to `gradients` and its scores to `sums`.
    /// Recurrent layers begin with `state`, where one is carried from batch to batch.
    ///
    /// # Errors
    /// The loss, when it is no number.
    pub(crate) fn run(
        &self,
        model: &dyn Module,
        batch: &Batch,
        state: Option<&mut RecurrentState>,
        cx: &mut Cx,
        gradients: &mut Gradients,
        sums: &mut Accumulator,
    ) -> Result<f64, f64> {
        let steps = batch.inputs.dims().get(1).copied().unwrap_or(1);
        let Some(window) = self.bptt.filter(|&window| window < steps) else {
            let prediction = match state {
                Some(state) => cx.with_state(state, |cx| batch.forward(model, cx)),
                None => batch.forward(model, cx),
            };
            return self.learn(&prediction, &batch.targets, 1.0, gradients, sums);
        };
        let mut own = RecurrentState::default();
        let state = state.unwrap_or(&mut own);
        let mut mean = 0.0;
        for start in (0..steps).step_by(window) {
            let end = (start + window).min(steps);
            let inputs = batch.inputs.slice(1, start..end);
            let targets = batch.targets.slice(1, start..end);
            let part = (end - start) as f32 / steps as f32;
            let prediction = model.forward_with_state(&inputs, state, cx);
            let loss = self.learn(&prediction, &targets, part, gradients, sums)?;
            mean += loss * f64::from(part);
        }
        Ok(mean)
    }

    /// Goes back from the loss of a prediction, which is this part of the batch's.
    fn learn(
        &self,
        prediction: &Tensor,
        targets: &Tensor,
        part: f32,
        gradients: &mut Gradients,
        sums: &mut Accumulator,
    ) -> Result<f64, f64> {
        let loss = self.loss.compute(prediction, targets);
        let value = f64::from(loss.item());
        if !value.is_finite() {
            return Err(value);
        }
        loss.backward_from(Tensor::full(loss.shape(), self.share * part), gradients);
        sums.add_in_units(value, prediction, targets, self.units);
        Ok(value)
    }
}
