//! A recurrent layer over whole sequences: `h_t = cell(x_t · W + b, h_{t-1} · U + d, …)` for the
//! cells of [`RecurrentCell`].
//!
//! Going back step by step gives the gradients `p_t` and `q_t` of the two products; then, with all
//! steps in one product each, `dx = p · Wᵀ`, `dW = xᵀ · p`, `dU = h_beforeᵀ · q`, `db = Σp` and
//! `dd = Σq`. `p` and `q` are the same but for the last gate of a GRU.

use crate::tensor::{Tensor, Values};

mod gradients;
mod layer;
mod options;
mod prepared;
mod sizes;
mod spans;
#[cfg(test)]
mod tests;
mod weight_grads;

use layer::{Factor, Layer, Packed, Run, States};
use sizes::{Sizes, checked_sizes};
use spans::Span;

pub use options::{
    RecurrentCell, RecurrentInput, RecurrentOptions, RecurrentOutput, RecurrentWeights,
};
pub use prepared::PreparedRecurrent;

/// What backward reads; without shapes, which follow from `sizes`.
pub(crate) struct Recurrent {
    cell: RecurrentCell,
    reverse: bool,
    /// Whether steps take rows of a table of products.
    takes_rows: bool,
    sizes: Sizes,
    /// The sequences, or the table.
    input: Values,
    /// See [`RecurrentInput`].
    input_factor: Values,
    hidden_weight: Values,
    input_bias: Option<Values>,
    hidden_bias: Option<Values>,
    projection: Option<Values>,
    first_hidden: Option<Values>,
    first_cell: Option<Values>,
    lengths: Option<Values>,
    sequence: Values,
    saved: Saved,
    /// Whether the result is the sequence and the last state in one.
    with_state: bool,
}

/// What the steps leave for backward.
enum Saved {
    /// See [`Run`].
    All { gates: Values, extra: Values, projected: Values },
    /// The steps are to be computed anew: the states after each part that another one continues,
    /// `[parts - 1, batch, outputs]` and `[parts - 1, batch, units]`.
    Bounds { hidden: Values, cell: Values },
}

impl Saved {
    fn nothing() -> Self {
        let nothing = || Tensor::build([0], |_| {}).values();
        Self::Bounds { hidden: nothing(), cell: nothing() }
    }
}

impl Tensor {
    /// A recurrent layer over sequences `[batch, time, inputs]`, in one direction.
    ///
    /// # Panics
    /// When shapes do not fit each other, there is no step, or a length or a row is out of range.
    ///
    /// ```
    /// # use glassbox_tensor::{
    /// #     RecurrentCell, RecurrentInput, RecurrentOptions, RecurrentWeights, Tensor,
    /// # };
    /// let (input, hidden) = (Tensor::ones([1, 1]), Tensor::full([1, 1], 0.5));
    /// let weights = RecurrentWeights {
    ///     input: RecurrentInput::Weight(&input),
    ///     hidden: &hidden,
    ///     input_bias: None,
    ///     hidden_bias: None,
    ///     projection: None,
    /// };
    /// let x = Tensor::from_slice(&[8.0, 0.0, 1.0], [1, 3, 1]);
    /// let y = x.recurrent(RecurrentCell::RnnRelu, &weights, &RecurrentOptions::default());
    /// assert_eq!(y.sequence.to_vec(), [8.0, 4.0, 3.0]);
    /// assert_eq!(y.hidden.to_vec(), [3.0]);
    /// ```
    #[track_caller]
    pub fn recurrent(
        &self,
        cell: RecurrentCell,
        weights: &RecurrentWeights<'_>,
        options: &RecurrentOptions<'_>,
    ) -> RecurrentOutput {
        let sizes = checked_sizes(self, cell, weights, options);
        let Sizes { batch, time, outputs, .. } = sizes;
        let masked = match (options.lengths, weights.input) {
            (Some(lengths), RecurrentInput::Weight(_)) => {
                Some(without_padding(self, lengths.as_i32()))
            }
            _ => None,
        };
        let input = masked.as_ref().unwrap_or(self);
        let graph_inputs = graph_inputs(self, weights, options);
        let records = graph_inputs.iter().any(Self::requires_grad);
        let (hidden_weight, factor) = (weights.hidden.as_slice(), Factor::of(weights.input));
        let own;
        let prepared = options.prepared.filter(|prepared| prepared.is_of(weights));
        let packed = match prepared {
            Some(prepared) => &prepared.made().packed,
            None => {
                let projection = weights.projection.map(Self::as_slice);
                own = Packed::new(sizes, factor, hidden_weight, projection);
                &own
            }
        };
        let layer = Layer {
            cell,
            reverse: options.reverse,
            sizes,
            input: input.as_slice(),
            factor,
            lengths: options.lengths.map(Self::as_i32),
            hidden_weight,
            input_bias: weights.input_bias.map(Self::as_slice),
            hidden_bias: weights.hidden_bias.map(Self::as_slice),
            packed,
            known: prepared.map(|prepared| &prepared.made().products),
        };
        let (run, saved) = layer.forward(options, records);
        let sequence = if cell.gates() == 1 { &run.gates } else { &run.output };
        let sequence = sequence.view(0, [batch, time, outputs].into());
        let Run { last_hidden, last_cell, .. } = run;
        let (input, values) = (input.values(), sequence.values());
        let record = || Recurrent::new(cell, sizes, input, weights, options, values, saved).into();
        let graph_inputs = graph_inputs.each_ref();
        if !(options.differentiable_state && records) {
            return RecurrentOutput {
                sequence: sequence.recorded(graph_inputs, |_| record()),
                hidden: last_hidden,
                cell: cell.has_cell().then_some(last_cell),
            };
        }
        let parts = [&sequence, &last_hidden, &last_cell];
        let all = joined(parts).recorded(graph_inputs, |_| record());
        let [sequence, hidden, cells] = views(&all, parts);
        RecurrentOutput { sequence, hidden, cell: cell.has_cell().then_some(cells) }
    }
}

/// What the result depends on, in the order in which backward gives gradients. What is absent is a
/// constant.
fn graph_inputs(
    input: &Tensor,
    weights: &RecurrentWeights<'_>,
    options: &RecurrentOptions<'_>,
) -> [Tensor; 8] {
    let constant = input.detach();
    let or_constant = |x: Option<&'_ Tensor>| x.unwrap_or(&constant).clone();
    [
        input.clone(),
        or_constant(weights.input.weight()),
        weights.hidden.clone(),
        or_constant(weights.input_bias),
        or_constant(weights.hidden_bias),
        or_constant(weights.projection),
        or_constant(options.hidden),
        or_constant(options.cell),
    ]
}

/// One result of which all these are parts.
fn joined(parts: [&Tensor; 3]) -> Tensor {
    Tensor::build([parts.iter().map(|part| part.elements()).sum::<usize>()], |all| {
        let mut rest = all;
        for part in parts {
            let (to, after) = rest.split_at_mut(part.elements());
            to.copy_from_slice(part.as_slice());
            rest = after;
        }
    })
}

/// The parts that [`joined`] made one.
fn views(all: &Tensor, parts: [&Tensor; 3]) -> [Tensor; 3] {
    let mut start = 0;
    parts.map(|part| {
        let end = start + part.elements();
        let view = all.slice(0, start..end).reshape(part.shape());
        start = end;
        view
    })
}

impl Layer<'_> {
    /// All steps of all items; what they save is for backward, if it is to come.
    fn forward(&self, options: &RecurrentOptions<'_>, records: bool) -> (Run, Saved) {
        let first = States {
            hidden: options.hidden.map(Tensor::as_slice),
            cell: options.cell.map(Tensor::as_slice),
        };
        // A simple cell's only gate is its output: there is nothing to save.
        if options.recompute && self.cell.gates() > 1 && self.sizes.time > 1 {
            return self.run_in_parts(first);
        }
        let run = self.run(Span::whole(self.sizes), first, records);
        let [gates, extra, projected] =
            [&run.gates, &run.extra, &run.projected].map(Tensor::values);
        (run, Saved::All { gates, extra, projected })
    }
}

impl Recurrent {
    fn new(
        cell: RecurrentCell,
        sizes: Sizes,
        input: Values,
        weights: &RecurrentWeights<'_>,
        options: &RecurrentOptions<'_>,
        sequence: Values,
        saved: Saved,
    ) -> Self {
        Self {
            cell,
            reverse: options.reverse,
            sizes,
            takes_rows: weights.input.weight().is_none(),
            input,
            input_factor: weights.input.tensor().values(),
            hidden_weight: weights.hidden.values(),
            input_bias: weights.input_bias.map(Tensor::values),
            hidden_bias: weights.hidden_bias.map(Tensor::values),
            projection: weights.projection.map(Tensor::values),
            first_hidden: options.hidden.map(Tensor::values),
            first_cell: options.cell.map(Tensor::values),
            lengths: options.lengths.map(Tensor::values),
            sequence,
            saved,
            with_state: options.differentiable_state,
        }
    }
}

/// A copy with zeros after each item's end, so that nothing that stands there matters.
fn without_padding(input: &Tensor, lengths: &[i32]) -> Tensor {
    let item = input.elements() / lengths.len();
    let step = item / input.dims()[1];
    Tensor::build(input.shape(), |out| {
        let items = out.chunks_exact_mut(item).zip(input.as_slice().chunks_exact(item));
        for ((out, values), &length) in items.zip(lengths) {
            let end = length as usize * step;
            out[..end].copy_from_slice(&values[..end]);
            out[end..].fill(0.0);
        }
    })
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    tests::samples()
}
