//! A recurrent layer over whole sequences: `h_t = cell(x_t · W + b, h_{t-1} · U + d, …)` for the
//! cells of [`RecurrentCell`].
//!
//! Going back step by step gives the gradients `p_t` and `q_t` of the two products; then, with all
//! steps in one product each, `dx = p · Wᵀ`, `dW = xᵀ · p`, `dU = h_beforeᵀ · q`, `db = Σp` and
//! `dd = Σq`. `p` and `q` are the same but for the last gate of a GRU.

use super::Backward;
use super::activation::Activation;
use crate::graph::InputGradients;
use crate::kernels::cpu::matmul::{
    Epilogue, Matrix, PackedMatrix, Right, product, product_strided,
};
use crate::kernels::cpu::recurrent::{self as kernels, Gru, HiddenProduct, Lstm, Rnn};
use crate::kernels::cpu::reduce::column_sums;
use crate::shape::Shape;
use crate::tensor::{Tensor, Values};

mod options;
mod sizes;
#[cfg(test)]
mod tests;

use sizes::{Sizes, checked_sizes};

pub use options::{RecurrentCell, RecurrentOptions, RecurrentOutput, RecurrentWeights};

/// What backward reads; without shapes, which follow from `sizes`.
pub(crate) struct Recurrent {
    cell: RecurrentCell,
    reverse: bool,
    sizes: Sizes,
    input: Values,
    input_weight: Values,
    hidden_weight: Values,
    projection: Option<Values>,
    first_hidden: Option<Values>,
    first_cell: Option<Values>,
    lengths: Option<Values>,
    sequence: Values,
    gates: Values,
    extra: Values,
    projected: Values,
    /// Whether the result is the sequence and the last state in one.
    with_state: bool,
}

/// Steps whose gradients become those of the weights at once: they stay in the cache meanwhile.
const STRETCH: usize = 320;

impl Tensor {
    /// A recurrent layer over sequences `[batch, time, inputs]`, in one direction.
    ///
    /// # Panics
    /// When shapes do not fit each other, there is no step, or a length is out of range.
    ///
    /// ```
    /// # use glassbox_tensor::{RecurrentCell, RecurrentOptions, RecurrentWeights, Tensor};
    /// let (input, hidden) = (Tensor::ones([1, 1]), Tensor::full([1, 1], 0.5));
    /// let weights = RecurrentWeights {
    ///     input: &input,
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
        let Sizes { batch, time, inputs, units, outputs, .. } = sizes;
        let (rows, width) = (sizes.rows(), sizes.width());
        let masked = options.lengths.map(|lengths| without_padding(self, lengths.as_i32()));
        let input = masked.as_ref().unwrap_or(self);
        let mut gates = Tensor::build([rows, width], |out| {
            let bias = weights.input_bias.map(Self::as_slice);
            let weight = Matrix::new(weights.input.as_slice(), inputs, width);
            let epilogue = Epilogue { bias, ..Epilogue::default() };
            product(Matrix::new(input.as_slice(), rows, inputs), weight, epilogue, out);
        });

        let constant = self.detach();
        let or_constant = |x: Option<&'_ Tensor>| x.unwrap_or(&constant).clone();
        let graph_inputs = [
            self.clone(),
            weights.input.clone(),
            weights.hidden.clone(),
            or_constant(weights.input_bias),
            or_constant(weights.hidden_bias),
            or_constant(weights.projection),
            or_constant(options.hidden),
            or_constant(options.cell),
        ];
        let records = graph_inputs.iter().any(Self::requires_grad);
        // Filled by the kernel.
        let saved = |wanted: bool, width: usize| {
            Self::build([if records && wanted { rows * width } else { 0 }], |_| {})
        };
        let mut extra = saved(matches!(cell, RecurrentCell::Gru | RecurrentCell::Lstm), units);
        let mut projected = saved(weights.projection.is_some(), units);

        let hidden_weight = Matrix::new(weights.hidden.as_slice(), outputs, width);
        let hidden_bias = weights.hidden_bias.map(Self::as_slice);
        let projection = weights
            .projection
            .map(|weight| PackedMatrix::new(Matrix::new(weight.as_slice(), units, outputs)));
        // Packing a weight for one step would cost as much as the step.
        let ready = (time == 1).then(|| first_product(hidden_weight, hidden_bias, options, sizes));
        let packed = ready.is_none().then(|| PackedMatrix::new(hidden_weight));
        let hidden_product = match (&ready, &packed) {
            (Some(ready), _) => HiddenProduct::Ready(ready.as_slice()),
            (None, Some(packed)) => HiddenProduct::Packed(packed),
            (None, None) => unreachable!("one of the two was just made"),
        };
        // A simple cell's only gate is its output.
        let in_gates = cell.gates() == 1;
        let mut sequence = Self::build([if in_gates { 0 } else { rows * outputs }], |_| {});
        let mut last_hidden = Self::build([batch, outputs], |_| {});
        let cells = if cell.has_cell() { batch } else { 0 };
        let mut last_cell = Self::build([cells, units], |_| {});
        let forward = kernels::Forward {
            sequence: sizes.sequence(options.reverse, options.lengths.map(Self::as_i32)),
            product: hidden_product,
            bias: hidden_bias,
            projection: projection.as_ref(),
            hidden: options.hidden.map(Self::as_slice),
            cell: options.cell.map(Self::as_slice),
            gates: gates.make_mut(),
            extra: extra.make_mut(),
            projected: projected.make_mut(),
            output: sequence.make_mut(),
            last_hidden: last_hidden.make_mut(),
            last_cell: last_cell.make_mut(),
        };
        match cell {
            RecurrentCell::RnnTanh => forward.run(Rnn(Activation::Tanh)),
            RecurrentCell::RnnRelu => forward.run(Rnn(Activation::Relu)),
            RecurrentCell::Gru => forward.run(Gru),
            RecurrentCell::Lstm => forward.run(Lstm),
        }
        let sequence = if in_gates { &gates } else { &sequence };
        let sequence = sequence.view(0, [batch, time, outputs].into());

        let with_state = options.differentiable_state;
        let saved_sequence = sequence.values();
        let record = || {
            Recurrent {
                cell,
                reverse: options.reverse,
                sizes,
                input: input.values(),
                input_weight: weights.input.values(),
                hidden_weight: weights.hidden.values(),
                projection: weights.projection.map(Self::values),
                first_hidden: options.hidden.map(Self::values),
                first_cell: options.cell.map(Self::values),
                lengths: options.lengths.map(Self::values),
                sequence: saved_sequence,
                gates: gates.values(),
                extra: extra.values(),
                projected: projected.values(),
                with_state,
            }
            .into()
        };
        let graph_inputs = graph_inputs.each_ref();
        if !(with_state && records) {
            return RecurrentOutput {
                sequence: sequence.recorded(graph_inputs, |_| record()),
                hidden: last_hidden,
                cell: cell.has_cell().then_some(last_cell),
            };
        }
        // One result of which all three are parts.
        let parts = [&sequence, &last_hidden, &last_cell];
        let all = Self::build([parts.iter().map(|part| part.elements()).sum::<usize>()], |all| {
            let mut rest = all;
            for part in parts {
                let (to, after) = rest.split_at_mut(part.elements());
                to.copy_from_slice(part.as_slice());
                rest = after;
            }
        });
        let all = all.recorded(graph_inputs, |_| record());
        let mut start = 0;
        let [sequence, hidden, cells] = parts.map(|part| {
            let end = start + part.elements();
            let view = all.slice(0, start..end).reshape(part.shape());
            start = end;
            view
        });
        RecurrentOutput { sequence, hidden, cell: cell.has_cell().then_some(cells) }
    }
}

/// The hidden state's products of the only step.
fn first_product(
    weight: Matrix<'_>,
    bias: Option<&[f32]>,
    options: &RecurrentOptions<'_>,
    sizes: Sizes,
) -> Tensor {
    let Sizes { batch, outputs, .. } = sizes;
    Tensor::build([batch, sizes.width()], |out| match (options.hidden, bias) {
        (Some(hidden), bias) => {
            let hidden = Matrix::new(hidden.as_slice(), batch, outputs);
            product(hidden, weight, Epilogue { bias, ..Epilogue::default() }, out);
        }
        (None, Some(bias)) => {
            out.chunks_exact_mut(bias.len()).for_each(|row| row.copy_from_slice(bias));
        }
        (None, None) => out.fill(0.0),
    })
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

impl Backward for Recurrent {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let (sizes, cell) = (self.sizes, self.cell);
        let Sizes { batch, inputs: features, units, outputs, .. } = sizes;
        let (rows, width) = (sizes.rows(), sizes.width());
        let (mut gates, mut extra) = (self.gates.tensor(), self.extra.tensor());
        let (grad, last) = output_grad.as_slice().split_at(rows * outputs);
        let (last_hidden, last_cell) =
            last.split_at(if last.is_empty() { 0 } else { batch * outputs });
        debug_assert_eq!(self.with_state, !last.is_empty());
        let given = |values| if self.with_state { Some(values) } else { None };

        let hidden_weight = Matrix::new(self.hidden_weight.f32s(), outputs, width);
        let weight = PackedMatrix::new(hidden_weight.transposed());
        let projection = self.projection.as_ref().map(|weight| {
            PackedMatrix::new(Matrix::new(weight.f32s(), units, outputs).transposed())
        });
        // Filled by the kernel.
        let optional =
            |wanted: bool, length: usize| Tensor::build([if wanted { length } else { 0 }], |_| {});
        let mut projection_grad = optional(projection.is_some(), rows * outputs);
        let mut hidden_grad = optional(inputs.wants(6), batch * outputs);
        let mut cell_grad = optional(inputs.wants(7), batch * units);
        let sequence = sizes.sequence(self.reverse, self.lengths.as_ref().map(Values::i32s));
        let first_hidden = self.first_hidden.as_ref().map(Values::f32s);
        let backward = kernels::Backward {
            sequence,
            weight: &weight,
            projection: projection.as_ref(),
            output: self.sequence.f32s(),
            hidden: first_hidden,
            cell: self.first_cell.as_ref().map(Values::f32s),
            output_grad: grad,
            last_hidden_grad: given(last_hidden),
            last_cell_grad: given(last_cell).filter(|_| cell.has_cell()),
            gates: gates.make_mut(),
            extra: extra.make_mut(),
            projection_grad: projection_grad.make_mut(),
            hidden_grad: hidden_grad.make_mut(),
            cell_grad: cell_grad.make_mut(),
        };
        match cell {
            RecurrentCell::RnnTanh => backward.run(Rnn(Activation::Tanh)),
            RecurrentCell::RnnRelu => backward.run(Rnn(Activation::Relu)),
            RecurrentCell::Gru => backward.run(Gru),
            RecurrentCell::Lstm => backward.run(Lstm),
        }
        if inputs.wants(6) {
            inputs.add(6, hidden_grad.view(0, [batch, outputs].into()));
        }
        if inputs.wants(7) {
            inputs.add(7, cell_grad.view(0, [batch, units].into()));
        }

        // Blocks of columns whose gradients are those of the input's products.
        let alike = if cell == RecurrentCell::Gru { width - units } else { width };
        let input_weight = inputs.wants(0).then(|| {
            let weight = Matrix::new(self.input_weight.f32s(), features, width);
            PackedMatrix::new(weight.transposed())
        });
        // Filled below, stretch by stretch.
        let wanted =
            |index: usize, shape: Shape| inputs.wants(index).then(|| Tensor::build(shape, |_| {}));
        let mut input_grad = wanted(0, [batch, sizes.time, features].into());
        let mut input_weight_grad = wanted(1, [features, width].into());
        let mut hidden_weight_grad = wanted(2, [outputs, width].into());
        let items = (STRETCH / sizes.time).max(1);
        for first in (0..batch).step_by(items) {
            let count = items.min(batch - first);
            let (from, rows) = (first * sizes.time, count * sizes.time);
            let gates = &gates.as_slice()[from * width..][..rows * width];
            let grads = Matrix::new(gates, rows, width);
            if let (Some(grad), Some(weight)) = (&mut input_grad, &input_weight) {
                let out = &mut grad.make_mut()[from * features..][..rows * features];
                product(grads, weight, Epilogue::default(), out);
            }
            if input_weight_grad.is_none() && hidden_weight_grad.is_none() {
                continue;
            }
            let packed = PackedMatrix::new(grads);
            let epilogue = Epilogue { accumulate: first > 0, ..Epilogue::default() };
            if let Some(grad) = &mut input_weight_grad {
                let input = &self.input.f32s()[from * features..][..rows * features];
                let input = Matrix::new(input, rows, features).transposed();
                product(input, &packed, epilogue, grad.make_mut());
            }
            let Some(grad) = &mut hidden_weight_grad else { continue };
            let before = Tensor::build([rows, outputs], |out| {
                sequence.states_before(self.sequence.f32s(), first_hidden, (first, count), out);
            });
            let before = Matrix::new(before.as_slice(), rows, outputs).transposed();
            let (out, packed) = (grad.make_mut(), packed.narrowed(alike));
            product_strided(before, Right::Packed(&packed), epilogue, out, width);
            if alike < width {
                let extra = &extra.as_slice()[from * units..][..rows * units];
                let extra = Right::Plain(Matrix::new(extra, rows, units));
                product_strided(before, extra, epilogue, &mut out[alike..], width);
            }
        }
        for (index, grad) in
            [input_grad, input_weight_grad, hidden_weight_grad].into_iter().enumerate()
        {
            if let Some(grad) = grad {
                inputs.add(index, grad);
            }
        }
        if inputs.wants(3) || inputs.wants(4) {
            let sums = Tensor::build([width], |out| {
                column_sums(rows, width, gates.as_slice(), out);
            });
            if inputs.wants(4) {
                let mut sums = sums.clone();
                if alike < width {
                    column_sums(rows, units, extra.as_slice(), &mut sums.make_mut()[alike..]);
                }
                inputs.add(4, sums);
            }
            inputs.add(3, sums);
        }
        if inputs.wants(5) {
            let projected = Matrix::new(self.projected.f32s(), rows, units).transposed();
            let grad = Matrix::new(projection_grad.as_slice(), rows, outputs);
            let weight_grad = Tensor::build([units, outputs], |out| {
                product(projected, grad, Epilogue::default(), out);
            });
            inputs.add(5, weight_grad);
        }
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    tests::samples()
}
