//! A look into one recurrent layer while its model runs.

use glassbox_tensor::Tensor;

use crate::context::Cx;

/// What was seen of a recurrent layer.
#[derive(Clone, Debug)]
pub struct Tapped {
    /// What messages call it: `layer 1 (lstm)`, and in a stack `layer 1 (lstm), 1 of 2`.
    pub layer: String,
    /// Its input, `[batch, time, features]`. In a recording pass it is a leaf of the graph, so that
    /// the loss's gradient is known there; nothing before it gets one.
    pub input: Tensor,
    /// Its hidden state after every step, `[batch, time, outputs]`; of a bidirectional layer that
    /// of the direction from the first step to the last.
    pub states: Tensor,
}

/// The layer to look into, and what was seen.
#[derive(Debug)]
pub(crate) struct Tap {
    /// Recurrent layers that still come before it.
    before: usize,
    layer: String,
    input: Option<Tensor>,
    states: Option<Tensor>,
}

impl Cx {
    /// Runs `inner` and looks into recurrent layer `index`, counted from 0 in the order in which
    /// they run, each layer of a stack by itself. `None` when the model has no such layer.
    ///
    /// ```
    /// use glassbox_nn::{Cx, Module, Sequential};
    /// use glassbox_tensor::Tensor;
    ///
    /// let model = Sequential::input([6, 3]).gru(4).lstm(5).dense(2).build(7)?;
    /// let input = Tensor::ones([1, 6, 3]);
    /// let mut cx = Cx::eval();
    /// let (_, tapped) = cx.with_tap(1, |cx| model.forward(&input, cx));
    /// let tapped = tapped.expect("two recurrent layers");
    /// assert_eq!(tapped.layer, "layer 1 (lstm)");
    /// assert_eq!((tapped.input.dims(), tapped.states.dims()), (&[1, 6, 4][..], &[1, 6, 5][..]));
    /// # Ok::<(), glassbox_nn::BuildError>(())
    /// ```
    pub fn with_tap<R>(
        &mut self,
        index: usize,
        inner: impl FnOnce(&mut Self) -> R,
    ) -> (R, Option<Tapped>) {
        let tap = Tap { before: index, layer: String::new(), input: None, states: None };
        let outer = self.tap.replace(tap);
        let result = inner(self);
        let tap = std::mem::replace(&mut self.tap, outer);
        let tapped = tap.and_then(|tap| {
            Some(Tapped { layer: tap.layer, input: tap.input?, states: tap.states? })
        });
        (result, tapped)
    }

    /// Whether some recurrent layer is looked into.
    pub(crate) fn is_tapped(&self) -> bool {
        self.tap.is_some()
    }

    /// The input that the running recurrent layer, number `place.0` of `place.1` in its stack, is
    /// to use instead of `input`.
    pub(crate) fn tap_input(
        &mut self,
        kind: &str,
        place: (usize, usize),
        input: &Tensor,
    ) -> Option<Tensor> {
        let recording = self.is_recording();
        let name = self.tap.is_some().then(|| self.name(kind))?;
        let tap = self.tap.as_mut()?;
        if tap.before > 0 || tap.input.is_some() {
            tap.before = tap.before.saturating_sub(1);
            return None;
        }
        tap.layer = match place {
            (_, 1) => name,
            (index, count) => format!("{name}, {} of {count}", index + 1),
        };
        let input = if recording { input.with_grad() } else { input.clone() };
        tap.input = Some(input.clone());
        Some(input)
    }

    /// The hidden states of the running recurrent layer.
    pub(crate) fn tap_states(&mut self, states: &Tensor) {
        if let Some(tap) = &mut self.tap
            && tap.input.is_some()
            && tap.states.is_none()
        {
            tap.states = Some(states.detach());
        }
    }
}
