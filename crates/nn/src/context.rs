//! The context of a forward pass: everything that is neither input nor weight.

use std::fmt::Display;
use std::sync::Arc;

use glassbox_tensor::{Precision, Rng, Tensor};

use crate::buffer::{Buffer, BufferUpdate};
use crate::path::{Path, Segment};
use crate::probe::Probe;
use crate::recurrent_state::{LayerState, RecurrentState};

/// The context of one forward pass, handed through every [`Module::forward`](crate::Module).
///
/// It says whether the pass trains or evaluates, gives dropout its random numbers as a function
/// of (seed, step, call), knows the path of the running layer for messages, and collects what the
/// pass changes besides weights (running statistics) until [`Cx::commit`].
///
/// ```
/// use glassbox_nn::Cx;
///
/// let mut cx = Cx::train(7, 100);
/// assert!(cx.is_training());
/// let first = cx.next_rng();
/// assert_ne!(first, cx.next_rng());
/// assert_eq!(first, Cx::train(7, 100).next_rng());
/// ```
pub struct Cx {
    training: bool,
    recording: bool,
    precision: Precision,
    rng: Rng,
    calls: u64,
    path: Path,
    pub(crate) updates: Vec<(u64, BufferUpdate)>,
    state: Option<RecurrentState>,
    lengths: Option<Tensor>,
    pub(crate) probe: Option<Arc<dyn Probe>>,
}

impl Cx {
    /// The context of training step `step` of a run with this seed.
    pub fn train(seed: u64, step: u64) -> Self {
        let mut cx = Self::eval();
        (cx.training, cx.recording, cx.rng) = (true, true, step_rng(seed, step));
        cx
    }

    /// The context of an evaluation: no dropout, running statistics, no graph.
    pub fn eval() -> Self {
        Self {
            training: false,
            recording: false,
            precision: Precision::default(),
            rng: step_rng(0, 0),
            calls: 0,
            path: Path::default(),
            updates: Vec::new(),
            state: None,
            lengths: None,
            probe: None,
        }
    }

    /// The same context with a graph (or without): gradients of an evaluation, say.
    #[must_use]
    pub fn recording(mut self, recording: bool) -> Self {
        self.recording = recording;
        self
    }

    /// The same context with another precision.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Whether layers may use algorithms that round differently from the definition.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Moves a training context on to another step, keeping its memory.
    ///
    /// # Panics
    /// In debug builds, when changes of the last step were neither committed nor discarded.
    pub fn start_step(&mut self, seed: u64, step: u64) {
        self.check_committed();
        (self.rng, self.calls) = (step_rng(seed, step), 0);
        self.updates.clear();
    }

    /// Whether this pass trains: dropout drops, batch normalization uses the batch's statistics.
    pub fn is_training(&self) -> bool {
        self.training
    }

    /// Whether parameters join the graph.
    pub fn is_recording(&self) -> bool {
        self.recording
    }

    /// The generator of the next layer that draws random numbers: a function of seed, step and
    /// how many layers drew before in this step.
    pub fn next_rng(&mut self) -> Rng {
        self.calls += 1;
        self.rng.fork(self.calls)
    }

    /// Runs `inner` with `name` (a text or an index) added to the path. To run a layer:
    /// [`Cx::call`].
    #[inline]
    pub fn scope<R>(&mut self, name: impl Into<Segment>, inner: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(name.into());
        let result = inner(self);
        self.path.pop();
        result
    }

    /// As [`Cx::scope`], for a part at `path` from here.
    #[inline]
    pub(crate) fn scope_at<R>(&mut self, path: &Path, inner: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.path.extend(path);
        let result = inner(self);
        self.path.truncate(length);
        result
    }

    /// Runs `inner` beside the graph: with weights that do not join it, and without lasting effect
    /// on buffers and random numbers.
    pub(crate) fn beside<R>(&mut self, inner: impl FnOnce(&mut Self) -> R) -> R {
        let before = (self.recording, self.calls, self.updates.len());
        self.recording = false;
        let result = inner(self);
        let updates;
        (self.recording, self.calls, updates) = before;
        self.updates.truncate(updates);
        result
    }

    /// The path of the layer that is running.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What messages call the running layer, a layer of type `kind`: `layer 3 (dense)`.
    pub fn name(&self, kind: &str) -> String {
        self.path.describe(kind)
    }

    /// Panics with the running layer's name unless the input `fits`.
    #[track_caller]
    pub(crate) fn expect_shape(
        &self,
        kind: &str,
        input: &Tensor,
        fits: bool,
        wanted: impl Display,
    ) {
        assert!(
            fits,
            "{} expects {wanted}, got a batch of shape {}",
            self.name(kind),
            input.shape()
        );
    }

    /// Runs `inner` with recurrent layers that start from `state` and leave their new state in it:
    /// see [`Module::forward_with_state`](crate::Module::forward_with_state).
    pub fn with_state<R>(
        &mut self,
        state: &mut RecurrentState,
        inner: impl FnOnce(&mut Self) -> R,
    ) -> R {
        state.rewind();
        let outer = self.state.replace(std::mem::take(state));
        let result = inner(self);
        *state = std::mem::replace(&mut self.state, outer).unwrap_or_default();
        result
    }

    /// Runs `inner` on sequences `[batch, time, …]` of which only the first `lengths` steps
    /// (integers `[batch]`) count; the others are padding, whatever stands there. Recurrent layers
    /// end, and in reverse begin, with the steps that count; averages, softmax over time and the
    /// statistics of batch normalization are those of these steps; embedding and flatten give zeros
    /// for the others. Convolution and pooling with windows cannot tell them apart, and panic.
    pub fn with_lengths<R>(&mut self, lengths: &Tensor, inner: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.lengths.replace(lengths.detach());
        let result = inner(self);
        self.lengths = outer;
        result
    }

    /// How many steps of each sequence count; `None` for all.
    pub fn lengths(&self) -> Option<&Tensor> {
        self.lengths.as_ref()
    }

    /// What the running recurrent layer remembers, of type `kind`, for a batch of this size.
    #[track_caller]
    pub(crate) fn recurrent_state(&self, kind: &str, batch: usize) -> Option<LayerState> {
        let state = self.state.as_ref()?.current()?;
        let items = state.hidden.dims()[0];
        assert!(
            items == batch,
            "{} continues {items} sequences, got a batch of {batch}: select the state's items, or \
             reset it",
            self.name(kind)
        );
        Some(state)
    }

    /// Whether single steps of recurrent layers round weights to half precision.
    pub(crate) fn is_half(&self) -> bool {
        self.state.as_ref().is_some_and(RecurrentState::is_half)
    }

    /// Remembers the running recurrent layer's state, where one is carried.
    pub(crate) fn remember(&mut self, hidden: &Tensor, cell: Option<&Tensor>) {
        if let Some(state) = &mut self.state {
            state.remember(hidden, cell);
        }
    }

    /// Queues a change of a buffer for [`Cx::commit`].
    pub fn queue(&mut self, buffer: &Buffer, update: BufferUpdate) {
        self.updates.push((buffer.id(), update));
    }

    /// How many changes of this buffer are queued: a layer may run several times in one step.
    pub fn queued(&self, buffer: &Buffer) -> usize {
        self.updates.iter().filter(|(id, _)| *id == buffer.id()).count()
    }

    /// Forgets the queued changes: this step is not taken.
    pub fn discard(&mut self) {
        self.updates.clear();
    }

    #[track_caller]
    fn check_committed(&self) {
        debug_assert!(
            self.updates.is_empty() || std::thread::panicking(),
            "a training step changed {} buffers that were never committed: call \
             optimizer.step, cx.commit(&mut model) or cx.discard()",
            self.updates.len()
        );
    }
}

impl std::fmt::Debug for Cx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cx")
            .field("training", &self.training)
            .field("recording", &self.recording)
            .field("path", &self.path.to_string())
            .finish_non_exhaustive()
    }
}

impl Drop for Cx {
    fn drop(&mut self) {
        self.check_committed();
    }
}

fn step_rng(seed: u64, step: u64) -> Rng {
    Rng::new(seed).fork(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_follows_scopes() {
        let mut cx = Cx::eval();
        let path = cx.scope("encoder", |cx| cx.scope(3, |cx| cx.path().to_string()));
        assert_eq!((path.as_str(), cx.path().to_string().as_str()), ("encoder.3", ""));
    }

    #[test]
    fn random_streams_depend_on_seed_step_and_call() {
        let keys: Vec<_> = [(1, 1), (1, 2), (2, 1)]
            .into_iter()
            .flat_map(|(seed, step)| {
                let mut cx = Cx::train(seed, step);
                [cx.next_rng().key(), cx.next_rng().key()]
            })
            .collect();
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
        let mut cx = Cx::train(9, 9);
        cx.next_rng();
        cx.start_step(1, 1);
        assert_eq!(cx.next_rng().key(), keys[0]);
    }
}
