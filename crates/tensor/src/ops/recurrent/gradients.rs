//! The way back: through the steps of a span, then the gradients of weights and input, stretch by
//! stretch.

use glassbox_kernels::Activation;
use glassbox_kernels::cpu::matmul::{Matrix, PackedMatrix};
use glassbox_kernels::cpu::recurrent::{self as kernels, Gru, Lstm, Rnn};
use glassbox_kernels::threads;

use super::layer::{Factor, Layer, Packed, Run, States, span_lengths};
use super::sizes::Sizes;
use super::spans::{Cut, Span};
use super::weight_grads::WeightGrads;
use super::{Recurrent, RecurrentCell, Saved};
use crate::graph::InputGradients;
use crate::ops::Backward;
use crate::tensor::{Tensor, Values};

impl Backward for Recurrent {
    fn backward(mut self, output_grad: Tensor, inputs: &mut InputGradients) {
        let Sizes { batch, outputs, .. } = self.sizes;
        let (grad, last) = output_grad.as_slice().split_at(self.sizes.rows() * outputs);
        debug_assert_eq!(self.with_state, !last.is_empty());
        let last = match self.with_state {
            false => States::default(),
            true => {
                let (hidden, cell) = last.split_at(batch * outputs);
                let cell = Some(cell).filter(|_| self.cell.has_cell());
                States { hidden: Some(hidden), cell }
            }
        };
        let mut first = StateGrads::new(self.sizes, inputs);
        let mut sums = WeightGrads::new(&self, inputs);
        let saved = std::mem::replace(&mut self.saved, Saved::nothing());
        let pass = Pass::new(&self, grad);
        match saved {
            Saved::All { gates, extra, projected } => {
                let arrays = [gates, extra, projected].map(|values| values.tensor());
                pass.at_once(arrays, last, &mut first, &mut sums);
            }
            Saved::Bounds { hidden, cell } if pass.cut.continues() => {
                pass.by_segments([hidden, cell], last, &mut first, &mut sums);
            }
            Saved::Bounds { .. } => pass.by_items(last, &mut first, &mut sums),
        }
        sums.finish(inputs);
        for (index, grad) in [(6, first.hidden), (7, first.cell)] {
            if let Some(grad) = grad {
                inputs.add(index, grad);
            }
        }
    }
}

/// The gradients of the states at first, as far as they are wanted; filled span by span.
struct StateGrads {
    hidden: Option<Tensor>,
    cell: Option<Tensor>,
    /// Values of an item's hidden and cell state.
    widths: [usize; 2],
}

impl StateGrads {
    fn new(sizes: Sizes, inputs: &InputGradients) -> Self {
        let Sizes { batch, units, outputs, .. } = sizes;
        let wanted = |index: usize, width: usize| {
            inputs.wants(index).then(|| Tensor::build([batch, width], |_| {}))
        };
        let (hidden, cell) = (wanted(6, outputs), wanted(7, units));
        Self { hidden, cell, widths: [outputs, units] }
    }

    fn wants(&self) -> (bool, bool) {
        (self.hidden.is_some(), self.cell.is_some())
    }

    /// Keeps what is wanted of the gradients of a span's items.
    fn keep(&mut self, span: Span, (hidden, cell): (Tensor, Tensor)) {
        let targets = [(&mut self.hidden, hidden), (&mut self.cell, cell)];
        for ((target, part), width) in targets.into_iter().zip(self.widths) {
            if let Some(target) = target {
                let target = &mut target.make_mut()[span.first * width..];
                target[..part.elements()].copy_from_slice(part.as_slice());
            }
        }
    }
}

impl Recurrent {
    /// The states at first.
    fn first(&self) -> States<'_> {
        States {
            hidden: self.first_hidden.as_ref().map(Values::f32s),
            cell: self.first_cell.as_ref().map(Values::f32s),
        }
    }

    pub(super) fn factor(&self) -> Factor<'_> {
        match self.takes_rows {
            true => Factor::Rows(self.input_factor.i32s()),
            false => Factor::Weight(self.input_factor.f32s()),
        }
    }

    pub(super) fn lengths(&self) -> Option<&[i32]> {
        self.lengths.as_ref().map(Values::i32s)
    }

    fn packed(&self) -> Packed {
        let projection = self.projection.as_ref().map(Values::f32s);
        Packed::new(self.sizes, self.factor(), self.hidden_weight.f32s(), projection)
    }

    /// The layer, to run again.
    fn layer<'a>(&'a self, packed: &'a Packed) -> Layer<'a> {
        Layer {
            cell: self.cell,
            reverse: self.reverse,
            sizes: self.sizes,
            input: self.input.f32s(),
            factor: self.factor(),
            lengths: self.lengths(),
            hidden_weight: self.hidden_weight.f32s(),
            input_bias: self.input_bias.as_ref().map(Values::f32s),
            hidden_bias: self.hidden_bias.as_ref().map(Values::f32s),
            packed,
            known: None,
        }
    }
}

/// A way back through all spans.
struct Pass<'a> {
    record: &'a Recurrent,
    cut: Cut,
    /// `[batch, time, outputs]`.
    output_grad: &'a [f32],
    /// The transposed weight of the hidden state.
    weight: PackedMatrix,
    /// The transposed projection.
    projection: Option<PackedMatrix>,
}

impl<'a> Pass<'a> {
    fn new(record: &'a Recurrent, output_grad: &'a [f32]) -> Self {
        let Sizes { units, outputs, .. } = record.sizes;
        let transposed = |weight: &[f32], rows: usize, columns: usize| {
            PackedMatrix::new(Matrix::new(weight, rows, columns).transposed())
        };
        let hidden_weight = record.hidden_weight.f32s();
        Self {
            record,
            cut: Cut { sizes: record.sizes, reverse: record.reverse },
            output_grad,
            weight: transposed(hidden_weight, outputs, record.sizes.width()),
            projection: record
                .projection
                .as_ref()
                .map(|weight| transposed(weight.f32s(), units, outputs)),
        }
    }

    /// All steps of all items, whose gates were kept.
    fn at_once(
        &self,
        [gates, extra, projected]: [Tensor; 3],
        last: States<'_>,
        first: &mut StateGrads,
        sums: &mut WeightGrads,
    ) {
        let empty = || Tensor::build([0], |_| {});
        let (output, last_hidden, last_cell) = (empty(), empty(), empty());
        let run = Run { gates, extra, projected, output, last_hidden, last_cell };
        let span = Span::whole(self.record.sizes);
        let (states, wants) = (self.record.first(), first.wants());
        first.keep(span, self.back(span, run, states, last, wants, sums));
    }

    /// Segments of steps from the last to the first, each computed again from the states `[hidden,
    /// cell]` that were kept at its beginning.
    fn by_segments(
        &self,
        [hidden, cell]: [Values; 2],
        last: States<'_>,
        first: &mut StateGrads,
        sums: &mut WeightGrads,
    ) {
        let (Sizes { batch, units, outputs, .. }, record) = (self.record.sizes, self.record);
        let has_cell = record.cell.has_cell();
        let packed = record.packed();
        let layer = record.layer(&packed);
        let mut after: Option<(Tensor, Tensor)> = None;
        for (index, span) in self.cut.parts(threads::count()).rev() {
            let states = match index.checked_sub(1) {
                None => record.first(),
                Some(bound) => States {
                    hidden: Some(&hidden.f32s()[bound * batch * outputs..][..batch * outputs]),
                    cell: has_cell.then(|| &cell.f32s()[bound * batch * units..][..batch * units]),
                },
            };
            let last = after.as_ref().map_or(last, |(hidden, cell)| States {
                hidden: Some(hidden.as_slice()),
                cell: has_cell.then(|| cell.as_slice()),
            });
            let run = layer.run(span, states, true);
            let wants = if index > 0 { (true, has_cell) } else { first.wants() };
            after = Some(self.back(span, run, states, last, wants, sums));
        }
        if let Some(grads) = after {
            first.keep(Span::whole(record.sizes), grads);
        }
    }

    /// Some items after the others, each computed again from its first step.
    fn by_items(&self, last: States<'_>, first: &mut StateGrads, sums: &mut WeightGrads) {
        let (record, wants) = (self.record, first.wants());
        let packed = record.packed();
        let layer = record.layer(&packed);
        for (_, span) in self.cut.parts(threads::count()) {
            let states = record.first().of(span, record.sizes);
            let run = layer.run(span, states, true);
            let last = last.of(span, record.sizes);
            first.keep(span, self.back(span, run, states, last, wants, sums));
        }
    }

    /// Goes back through `span`, of which `run` was left by the way forward from `states` on, and
    /// adds to the gradients of the weights. `last` are the gradients of the states at last;
    /// answers those of the states at first, as far as `wants` asks for them.
    fn back(
        &self,
        span: Span,
        run: Run,
        states: States<'_>,
        last: States<'_>,
        wants: (bool, bool),
        sums: &mut WeightGrads,
    ) -> (Tensor, Tensor) {
        let Recurrent { sizes, cell, reverse, .. } = *self.record;
        let Sizes { units, outputs, .. } = sizes;
        let whole = Span::whole(sizes);
        let Run { mut gates, mut extra, projected, output, .. } = run;
        // Filled by the kernel.
        let array = |wanted: bool, rows: usize, width: usize| {
            Tensor::build([if wanted { rows } else { 0 }, width], |_| {})
        };
        let mut projection_grad = array(self.projection.is_some(), span.rows(), outputs);
        let mut hidden_grad = array(wants.0, span.items, outputs);
        let mut cell_grad = array(wants.1, span.items, units);
        let gathered = (span.steps < sizes.time).then(|| self.output_grad_of(span));
        let from = whole.row_of(span) * outputs;
        let in_place = |values: &'a [f32]| &values[from..][..span.rows() * outputs];
        let lengths = span_lengths(self.record.lengths(), span);
        let backward = kernels::RecurrentBackward {
            sequence: sizes.sequence(span, reverse, lengths.as_ref()),
            weight: &self.weight,
            projection: self.projection.as_ref(),
            output: match output.elements() {
                0 => in_place(self.record.sequence.f32s()),
                _ => output.as_slice(),
            },
            hidden: states.hidden,
            cell: states.cell,
            output_grad: match &gathered {
                None => in_place(self.output_grad),
                Some(grad) => grad.as_slice(),
            },
            last_hidden_grad: last.hidden,
            last_cell_grad: last.cell,
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
        let grads = [&gates, &extra, &projected, &projection_grad].map(Tensor::as_slice);
        for stretch in self.cut.stretches(span) {
            sums.add(self.record, stretch, span.row_of(stretch), grads);
        }
        (hidden_grad, cell_grad)
    }

    /// The output's gradient in a segment, `[batch, steps, outputs]`.
    fn output_grad_of(&self, span: Span) -> Tensor {
        let Sizes { time, outputs, .. } = self.record.sizes;
        Tensor::build([span.rows(), outputs], |out| {
            let items = self.output_grad.chunks_exact(time * outputs);
            for (out, item) in out.chunks_exact_mut(span.steps * outputs).zip(items) {
                out.copy_from_slice(&item[span.start * outputs..][..out.len()]);
            }
        })
    }
}
