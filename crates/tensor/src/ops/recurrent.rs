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
use crate::kernels::cpu::recurrent::{self as kernels, Gru, HiddenProduct, Lstm, Rnn, Sequence};
use crate::kernels::cpu::reduce::column_sums;
use crate::shape::Shape;
use crate::tensor::{Tensor, Values};

mod options;
#[cfg(test)]
mod tests;

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
    first_cell: Option<Values>,
    lengths: Option<Values>,
    gates: Values,
    extra: Values,
    previous: Values,
    projected: Values,
    /// Whether the result is the sequence and the last state in one.
    with_state: bool,
}

#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    time: usize,
    inputs: usize,
    units: usize,
    outputs: usize,
    gates: usize,
}

impl Sizes {
    /// Of the whole sequence, of the last hidden state, of the last cell state.
    fn results(&self, cell: RecurrentCell) -> [usize; 3] {
        let cells = if cell.has_cell() { self.batch * self.units } else { 0 };
        [self.rows() * self.outputs, self.batch * self.outputs, cells]
    }

    fn rows(&self) -> usize {
        self.batch * self.time
    }

    fn width(&self) -> usize {
        self.gates * self.units
    }

    fn sequence<'a>(&self, reverse: bool, lengths: Option<&'a [i32]>) -> Sequence<'a> {
        let Self { batch, time, units, outputs, .. } = *self;
        Sequence { batch, time, units, outputs, reverse, lengths }
    }
}

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
        let mut previous = saved(true, outputs);
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
        let results = sizes.results(cell);
        let all = Self::build([results.iter().sum::<usize>()], |all| {
            let (output, last) = all.split_at_mut(results[0]);
            let (last_hidden, last_cell) = last.split_at_mut(results[1]);
            let forward = kernels::Forward {
                sequence: sizes.sequence(options.reverse, options.lengths.map(Self::as_i32)),
                product: hidden_product,
                bias: hidden_bias,
                projection: projection.as_ref(),
                hidden: options.hidden.map(Self::as_slice),
                cell: options.cell.map(Self::as_slice),
                gates: gates.make_mut(),
                extra: extra.make_mut(),
                previous: previous.make_mut(),
                projected: projected.make_mut(),
                output,
                last_hidden,
                last_cell,
            };
            match cell {
                RecurrentCell::RnnTanh => forward.run(Rnn(Activation::Tanh)),
                RecurrentCell::RnnRelu => forward.run(Rnn(Activation::Relu)),
                RecurrentCell::Gru => forward.run(Gru),
                RecurrentCell::Lstm => forward.run(Lstm),
            }
        });

        let with_state = options.differentiable_state;
        let record = || {
            Recurrent {
                cell,
                reverse: options.reverse,
                sizes,
                input: input.values(),
                input_weight: weights.input.values(),
                hidden_weight: weights.hidden.values(),
                projection: weights.projection.map(Self::values),
                first_cell: options.cell.map(Self::values),
                lengths: options.lengths.map(Self::values),
                gates: gates.values(),
                extra: extra.values(),
                previous: previous.values(),
                projected: projected.values(),
                with_state,
            }
            .into()
        };
        let graph_inputs = graph_inputs.each_ref();
        let shapes: [Shape; 3] =
            [[batch, time, outputs].into(), [batch, outputs].into(), [batch, units].into()];
        let ends = [results[0], results[0] + results[1], all.elements()];
        if with_state {
            let all = all.recorded(graph_inputs, |_| record());
            let part = |i: usize| {
                let start = if i == 0 { 0 } else { ends[i - 1] };
                all.slice(0, start..ends[i]).reshape(shapes[i])
            };
            let cell = cell.has_cell().then(|| part(2));
            return RecurrentOutput { sequence: part(0), hidden: part(1), cell };
        }
        RecurrentOutput {
            sequence: all.view(0, shapes[0]).recorded(graph_inputs, |_| record()),
            hidden: all.view(ends[0], shapes[1]),
            cell: cell.has_cell().then(|| all.view(ends[1], shapes[2])),
        }
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

#[track_caller]
fn checked_sizes(
    input: &Tensor,
    cell: RecurrentCell,
    weights: &RecurrentWeights<'_>,
    options: &RecurrentOptions<'_>,
) -> Sizes {
    let gates = cell.gates();
    let (shape, hidden) = (input.shape(), weights.hidden.shape());
    let (&[batch, time, inputs], &[outputs, width]) = (shape.dims(), hidden.dims()) else {
        panic!("recurrent layer of {shape} with a hidden weight of {hidden}");
    };
    let units = width / gates;
    assert!(
        width == units * gates && units > 0 && outputs > 0 && batch > 0 && time > 0 && inputs > 0,
        "recurrent layer ({cell:?}) of {shape} with a hidden weight of {hidden}"
    );
    let expect = |name: &str, tensor: Option<&Tensor>, wanted: &[usize]| {
        if let Some(tensor) = tensor {
            let found = tensor.shape();
            assert_eq!(found.dims(), wanted, "recurrent layer of {shape}: the shape of its {name}");
        }
    };
    expect("input weight", Some(weights.input), &[inputs, width]);
    expect("input bias", weights.input_bias, &[width]);
    expect("hidden bias", weights.hidden_bias, &[width]);
    expect("projection", weights.projection, &[units, outputs]);
    expect("hidden state", options.hidden, &[batch, outputs]);
    expect("cell state", options.cell, &[batch, units]);
    expect("lengths", options.lengths, &[batch]);
    assert!(
        weights.projection.is_some() || outputs == units,
        "recurrent layer ({cell:?}) with a hidden weight of {hidden}"
    );
    assert!(
        cell.has_cell() || (weights.projection.is_none() && options.cell.is_none()),
        "only an LSTM has a projection and a cell state"
    );
    if let Some(lengths) = options.lengths {
        for &length in lengths.as_i32() {
            assert!(
                length >= 1 && length as usize <= time,
                "recurrent layer of {shape}: length {length} is not between 1 and {time}"
            );
        }
    }
    Sizes { batch, time, inputs, units, outputs, gates }
}

impl Backward for Recurrent {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let (sizes, cell) = (self.sizes, self.cell);
        let Sizes { batch, inputs: features, units, outputs, .. } = sizes;
        let (rows, width) = (sizes.rows(), sizes.width());
        let (mut gates, mut extra) = (self.gates.tensor(), self.extra.tensor());
        let previous = self.previous.tensor();
        let results = sizes.results(cell);
        let (grad, last) = output_grad.as_slice().split_at(results[0]);
        let (last_hidden, last_cell) = last.split_at(if last.is_empty() { 0 } else { results[1] });
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
        let backward = kernels::Backward {
            sequence: sizes.sequence(self.reverse, self.lengths.as_ref().map(Values::i32s)),
            weight: &weight,
            projection: projection.as_ref(),
            previous: previous.as_slice(),
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

        let product_grad = Matrix::new(gates.as_slice(), rows, width);
        if inputs.wants(0) {
            let weight = Matrix::new(self.input_weight.f32s(), features, width).transposed();
            let shape = [batch, sizes.time, features];
            let input_grad =
                Tensor::build(shape, |out| product(product_grad, weight, Epilogue::default(), out));
            inputs.add(0, input_grad);
        }
        if inputs.wants(1) {
            let input = Matrix::new(self.input.f32s(), rows, features).transposed();
            let weight_grad = Tensor::build([features, width], |out| {
                product(input, product_grad, Epilogue::default(), out);
            });
            inputs.add(1, weight_grad);
        }
        // Blocks of columns whose gradients are those of the input's products.
        let alike = if cell == RecurrentCell::Gru { width - units } else { width };
        if inputs.wants(2) {
            let previous = Matrix::new(previous.as_slice(), rows, outputs).transposed();
            let weight_grad = Tensor::build([outputs, width], |out| {
                let mut part = |from: &[f32], stride: usize, columns: usize, start: usize| {
                    let right = Right::Plain(Matrix::strided(from, rows, columns, stride, 1));
                    let (epilogue, out) = (Epilogue::default(), &mut out[start..]);
                    product_strided(previous, right, epilogue, out, width);
                };
                part(gates.as_slice(), width, alike, 0);
                if alike < width {
                    part(extra.as_slice(), units, units, alike);
                }
            });
            inputs.add(2, weight_grad);
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
