//! The way forward through a part of a batch: at first, and again where backward recomputes.

use glassbox_kernels::Activation;
use glassbox_kernels::cpu::matmul::{
    Epilogue, HalfMatrix, Matrix, PackedMatrix, product, product_by_rows,
};
use glassbox_kernels::cpu::recurrent::{self as kernels, Gru, HiddenProduct, Lstm, Rnn};
use glassbox_kernels::cpu::table_rows::take_rows;
use glassbox_kernels::threads;

use super::prepared::Products;
use super::sizes::Sizes;
use super::spans::{Cut, Span};
use super::{RecurrentCell, RecurrentInput, RecurrentWeights, Saved};
use crate::tensor::Tensor;

/// Hidden states `[items, outputs]` and cell states `[items, units]`; zeros where absent.
#[derive(Clone, Copy, Default)]
pub(super) struct States<'a> {
    pub(super) hidden: Option<&'a [f32]>,
    pub(super) cell: Option<&'a [f32]>,
}

impl<'a> States<'a> {
    /// Those of a part of the items.
    pub(super) fn of(self, span: Span, sizes: Sizes) -> Self {
        let part = |values: Option<&'a [f32]>, width: usize| {
            values.map(|values| &values[span.first * width..][..span.items * width])
        };
        Self { hidden: part(self.hidden, sizes.outputs), cell: part(self.cell, sizes.units) }
    }
}

/// What a run through a span leaves.
pub(super) struct Run {
    /// `[items, steps, gates · units]`: the activated gates.
    pub(super) gates: Tensor,
    /// `[items, steps, units]`, or empty: what cells save besides.
    pub(super) extra: Tensor,
    /// `[items, steps, units]`, or empty: what is projected.
    pub(super) projected: Tensor,
    /// `[items, steps, outputs]`, or empty for a simple cell, whose only gate is its output.
    pub(super) output: Tensor,
    /// `[items, outputs]` and, where there is a cell state, `[items, units]`.
    pub(super) last_hidden: Tensor,
    pub(super) last_cell: Tensor,
}

/// What makes the products of the input: see [`RecurrentInput`].
#[derive(Clone, Copy)]
pub(super) enum Factor<'a> {
    Weight(&'a [f32]),
    Rows(&'a [i32]),
}

impl<'a> Factor<'a> {
    pub(super) fn of(input: RecurrentInput<'a>) -> Self {
        match input {
            RecurrentInput::Weight(weight) => Self::Weight(weight.as_slice()),
            RecurrentInput::Rows(rows) => Self::Rows(rows.as_i32()),
        }
    }
}

/// A layer, its weights ready for all runs.
pub(super) struct Layer<'a> {
    pub(super) cell: RecurrentCell,
    pub(super) reverse: bool,
    pub(super) sizes: Sizes,
    /// `[batch, time, inputs]`, zeros after each item's end; with rows, a table of products.
    pub(super) input: &'a [f32],
    pub(super) factor: Factor<'a>,
    pub(super) lengths: Option<&'a [i32]>,
    pub(super) hidden_weight: &'a [f32],
    pub(super) input_bias: Option<&'a [f32]>,
    pub(super) hidden_bias: Option<&'a [f32]>,
    pub(super) packed: &'a Packed,
    /// Of rows seen before, where single steps follow each other.
    pub(super) known: Option<&'a Products>,
}

/// The weights that all steps share, in the order in which products read them.
pub(super) struct Packed {
    /// Both absent where there is only one step: packing a weight would cost as much as the step.
    input: Option<PackedMatrix>,
    hidden: Option<PackedMatrix>,
    projection: Option<PackedMatrix>,
    /// Those of the input and of the hidden state instead, rounded.
    pub(super) half: Option<[HalfMatrix; 2]>,
}

impl Packed {
    pub(super) fn new(
        sizes: Sizes,
        factor: Factor<'_>,
        hidden: &[f32],
        projection: Option<&[f32]>,
    ) -> Self {
        let Sizes { inputs, units, outputs, .. } = sizes;
        let several = |weight: &[f32], rows: usize| {
            (sizes.time > 1).then(|| PackedMatrix::new(Matrix::new(weight, rows, sizes.width())))
        };
        Self {
            input: match factor {
                Factor::Weight(weight) => several(weight, inputs),
                Factor::Rows(_) => None,
            },
            hidden: several(hidden, outputs),
            projection: projection
                .map(|weight| PackedMatrix::new(Matrix::new(weight, units, outputs))),
            half: None,
        }
    }

    /// Those of a layer, however many steps there are.
    pub(super) fn all(weights: &RecurrentWeights<'_>) -> Self {
        let packed = |weight| PackedMatrix::new(matrix(weight));
        Self {
            input: weights.input.weight().map(packed),
            hidden: Some(packed(weights.hidden)),
            projection: weights.projection.map(packed),
            half: None,
        }
    }

    /// Those of a layer, rounded to half precision.
    pub(super) fn half(weights: &RecurrentWeights<'_>) -> Self {
        let projection = weights.projection.map(|weight| PackedMatrix::new(matrix(weight)));
        let input = weights.input.weight().expect("a weight to round");
        let half = [input, weights.hidden].map(|weight| HalfMatrix::new(matrix(weight)));
        Self { input: None, hidden: None, projection, half: Some(half) }
    }
}

fn matrix(weight: &Tensor) -> Matrix<'_> {
    let shape = weight.shape();
    let &[rows, columns] = shape.dims() else { panic!("a weight of shape {shape}") };
    Matrix::new(weight.as_slice(), rows, columns)
}

impl Layer<'_> {
    /// Runs through a span that begins with `states`. `saves`: whether what backward reads is
    /// wanted.
    pub(super) fn run(&self, span: Span, states: States<'_>, saves: bool) -> Run {
        let Sizes { units, outputs, .. } = self.sizes;
        let (rows, items) = (span.rows(), span.items);
        // Filled by the kernel.
        let array =
            |wanted: bool, width: usize| Tensor::build([if wanted { width } else { 0 }], |_| {});
        let has_extra = matches!(self.cell, RecurrentCell::Gru | RecurrentCell::Lstm);
        let is_projected = self.packed.projection.is_some();
        let mut run = Run {
            gates: self.input_products(span),
            extra: array(saves && has_extra, rows * units),
            projected: array(saves && is_projected, rows * units),
            output: array(self.cell.gates() > 1, rows * outputs),
            last_hidden: Tensor::build([items, outputs], |_| {}),
            last_cell: Tensor::build([if self.cell.has_cell() { items } else { 0 }, units], |_| {}),
        };
        let only = self.packed.hidden.is_none() && self.packed.half.is_none();
        let ready = only.then(|| self.only_products(span, states));
        let lengths = span_lengths(self.lengths, span);
        let forward = kernels::RecurrentForward {
            sequence: self.sizes.sequence(span, self.reverse, lengths.as_ref()),
            product: match (&ready, &self.packed.hidden, &self.packed.half) {
                (_, Some(packed), _) => HiddenProduct::Packed(packed),
                (_, _, Some([_, hidden])) => HiddenProduct::Half(hidden),
                (ready, ..) => HiddenProduct::Ready(ready.as_ref().map_or(&[], Tensor::as_slice)),
            },
            bias: self.hidden_bias,
            projection: self.packed.projection.as_ref(),
            hidden: states.hidden,
            cell: states.cell,
            gates: run.gates.make_mut(),
            extra: run.extra.make_mut(),
            projected: run.projected.make_mut(),
            output: run.output.make_mut(),
            last_hidden: run.last_hidden.make_mut(),
            last_cell: run.last_cell.make_mut(),
        };
        match self.cell {
            RecurrentCell::RnnTanh => forward.run(Rnn(Activation::Tanh)),
            RecurrentCell::RnnRelu => forward.run(Rnn(Activation::Relu)),
            RecurrentCell::Gru => forward.run(Gru),
            RecurrentCell::Lstm => forward.run(Lstm),
        }
        run
    }

    /// Runs through everything part by part and keeps nothing of a part but its output and its
    /// last states.
    pub(super) fn run_in_parts(&self, first: States<'_>) -> (Run, Saved) {
        let Sizes { batch, units, outputs, .. } = self.sizes;
        let cells = if self.cell.has_cell() { batch * units } else { 0 };
        let cut = Cut { sizes: self.sizes, reverse: self.reverse };
        let parts = cut.parts(threads::count());
        let bounds = if cut.continues() { parts.len() - 1 } else { 0 };
        // Filled part by part.
        let array = |length: usize| Tensor::build([length], |_| {});
        let mut output = array(self.sizes.rows() * outputs);
        let (mut last_hidden, mut last_cell) = (array(batch * outputs), array(cells));
        let (mut hidden, mut cell) = (array(bounds * batch * outputs), array(bounds * cells));
        // Hidden and cell states after the part before.
        let mut before: Option<[Tensor; 2]> = None;
        for (index, span) in parts {
            let states = match &before {
                Some([hidden, cell]) if cut.continues() => States {
                    hidden: Some(hidden.as_slice()),
                    cell: self.cell.has_cell().then(|| cell.as_slice()),
                },
                _ => first.of(span, self.sizes),
            };
            let run = self.run(span, states, false);
            let items = run.output.as_slice().chunks_exact(span.steps * outputs);
            for (index, values) in items.enumerate() {
                let from = Span::whole(self.sizes).row_of(span.item(index)) * outputs;
                output.make_mut()[from..][..values.len()].copy_from_slice(values);
            }
            for (last, bound, values) in [
                (&mut last_hidden, &mut hidden, &run.last_hidden),
                (&mut last_cell, &mut cell, &run.last_cell),
            ] {
                let (values, last) = (values.as_slice(), last.make_mut());
                if values.is_empty() {
                    continue;
                }
                let width = values.len() / span.items;
                last[span.first * width..][..values.len()].copy_from_slice(values);
                if index < bounds {
                    bound.make_mut()[index * values.len()..][..values.len()]
                        .copy_from_slice(values);
                }
            }
            before = Some([run.last_hidden, run.last_cell]);
        }
        let empty = || array(0);
        let (gates, extra, projected) = (empty(), empty(), empty());
        let last_hidden = last_hidden.view(0, [batch, outputs].into());
        let last_cell = last_cell.view(0, [if cells > 0 { batch } else { 0 }, units].into());
        let run = Run { gates, extra, projected, output, last_hidden, last_cell };
        (run, Saved::Bounds { hidden: hidden.values(), cell: cell.values() })
    }

    /// The products of the input, `[items, steps, gates · units]`.
    fn input_products(&self, span: Span) -> Tensor {
        let (Sizes { time, inputs, .. }, width) = (self.sizes, self.sizes.width());
        let epilogue = Epilogue { bias: self.input_bias, ..Epilogue::default() };
        // Of rows seen before, where there is a single one.
        let known = self.known.filter(|_| span.rows() == 1);
        Tensor::build([span.rows(), width], |out| {
            // Whole sequences follow each other, parts of them do not.
            let items = if span.steps == time { span.items } else { 1 };
            for (index, out) in out.chunks_exact_mut(items * span.steps * width).enumerate() {
                let run = Span { first: span.first + index * items, items, ..span };
                let (first, rows) = (Span::whole(self.sizes).row_of(run), run.rows());
                let weight = match self.factor {
                    Factor::Weight(weight) => weight,
                    Factor::Rows(places) => {
                        take_rows(self.input, &places[first..][..rows], width, out);
                        continue;
                    }
                };
                let values = &self.input[first * inputs..][..rows * inputs];
                let input = Matrix::new(values, rows, inputs);
                let compute = |out: &mut [f32]| match (&self.packed.half, &self.packed.input) {
                    (Some([weight, _]), _) => {
                        let rows = values.chunks_exact(inputs).zip(out.chunks_exact_mut(width));
                        rows.for_each(|(row, out)| weight.row_product(row, self.input_bias, out));
                    }
                    (None, Some(weight)) => product_by_rows(input, weight, epilogue, out),
                    (None, None) => {
                        product(input, Matrix::new(weight, inputs, width), epilogue, out);
                    }
                };
                match known {
                    Some(known) => known.get(values, out, compute),
                    None => compute(out),
                }
            }
        })
    }

    /// The hidden state's products of the only step.
    fn only_products(&self, span: Span, states: States<'_>) -> Tensor {
        let (Sizes { outputs, .. }, width) = (self.sizes, self.sizes.width());
        let (weight, bias) = (Matrix::new(self.hidden_weight, outputs, width), self.hidden_bias);
        Tensor::build([span.items, width], |out| match (states.hidden, bias) {
            (Some(hidden), bias) => {
                let hidden = Matrix::new(hidden, span.items, outputs);
                product(hidden, weight, Epilogue { bias, ..Epilogue::default() }, out);
            }
            (None, Some(bias)) => {
                out.chunks_exact_mut(bias.len()).for_each(|row| row.copy_from_slice(bias));
            }
            (None, None) => out.fill(0.0),
        })
    }
}

/// How many of a span's steps count for each of its items: none after the item's end.
pub(super) fn span_lengths(lengths: Option<&[i32]>, span: Span) -> Option<Tensor> {
    let lengths = &lengths?[span.first..][..span.items];
    Some(Tensor::build_i32([span.items], |out| {
        for (out, length) in out.iter_mut().zip(lengths) {
            *out = (length - span.start as i32).clamp(0, span.steps as i32);
        }
    }))
}
