//! The way back: through the steps of a span, then the gradients of weights and input, stretch by
//! stretch.

use glassbox_kernels::Activation;
use glassbox_kernels::cpu::matmul::{
    Epilogue, Matrix, PackedMatrix, Right, product, product_strided,
};
use glassbox_kernels::cpu::recurrent::{self as kernels, Gru, Lstm, Rnn};
use glassbox_kernels::cpu::reduce::column_sums;
use glassbox_kernels::cpu::table_rows::add_rows;
use glassbox_kernels::threads;

use super::layer::{Factor, Layer, Packed, Run, States, span_lengths};
use super::sizes::Sizes;
use super::spans::{Cut, Span};
use super::{Recurrent, RecurrentCell, Saved};
use crate::graph::InputGradients;
use crate::ops::Backward;
use crate::tensor::{Tensor, Values};

impl Backward for Recurrent {
    fn backward(mut self, output_grad: Tensor, inputs: &mut InputGradients) {
        let Sizes { batch, units, outputs, .. } = self.sizes;
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
        // Filled span by span.
        let wanted = |index: usize, width: usize| {
            inputs.wants(index).then(|| Tensor::build([batch, width], |_| {}))
        };
        let (mut hidden_grad, mut cell_grad) = (wanted(6, outputs), wanted(7, units));
        let mut sums = Sums::new(&self, inputs);
        let saved = std::mem::replace(&mut self.saved, Saved::nothing());
        let pass = Pass::new(&self, grad);
        let cut = pass.cut;
        let wants = (hidden_grad.is_some(), cell_grad.is_some());
        let mut keep = |span: Span, (hidden, cell): (Tensor, Tensor)| {
            for (target, part, width) in
                [(&mut hidden_grad, hidden, outputs), (&mut cell_grad, cell, units)]
            {
                if let Some(target) = target {
                    let target = &mut target.make_mut()[span.first * width..];
                    target[..part.elements()].copy_from_slice(part.as_slice());
                }
            }
        };
        match saved {
            Saved::All { gates, extra, projected } => {
                let empty = || Tensor::build([0], |_| {});
                let run = Run {
                    gates: gates.tensor(),
                    extra: extra.tensor(),
                    projected: projected.tensor(),
                    output: empty(),
                    last_hidden: empty(),
                    last_cell: empty(),
                };
                let span = Span::whole(self.sizes);
                keep(span, pass.back(span, run, self.first(), last, wants, &mut sums));
            }
            Saved::Bounds { hidden, cell } if cut.continues() => {
                let packed = self.packed();
                let layer = self.layer(&packed);
                let mut after: Option<(Tensor, Tensor)> = None;
                for (index, span) in cut.parts(threads::count()).rev() {
                    let states = match index.checked_sub(1) {
                        None => self.first(),
                        Some(bound) => States {
                            hidden: Some(
                                &hidden.f32s()[bound * batch * outputs..][..batch * outputs],
                            ),
                            cell: self
                                .cell
                                .has_cell()
                                .then(|| &cell.f32s()[bound * batch * units..][..batch * units]),
                        },
                    };
                    let last = after.as_ref().map_or(last, |(hidden, cell)| States {
                        hidden: Some(hidden.as_slice()),
                        cell: self.cell.has_cell().then(|| cell.as_slice()),
                    });
                    let run = layer.run(span, states, true);
                    let wants = if index > 0 { (true, self.cell.has_cell()) } else { wants };
                    after = Some(pass.back(span, run, states, last, wants, &mut sums));
                }
                if let Some(grads) = after {
                    keep(Span::whole(self.sizes), grads);
                }
            }
            Saved::Bounds { .. } => {
                let packed = self.packed();
                let layer = self.layer(&packed);
                for (_, span) in cut.parts(threads::count()) {
                    let states = self.first().of(span, self.sizes);
                    let run = layer.run(span, states, true);
                    let last = last.of(span, self.sizes);
                    keep(span, pass.back(span, run, states, last, wants, &mut sums));
                }
            }
        }
        sums.finish(inputs);
        for (index, grad) in [(6, hidden_grad), (7, cell_grad)] {
            if let Some(grad) = grad {
                inputs.add(index, grad);
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

    fn factor(&self) -> Factor<'_> {
        match self.takes_rows {
            true => Factor::Rows(self.input_factor.i32s()),
            false => Factor::Weight(self.input_factor.f32s()),
        }
    }

    fn lengths(&self) -> Option<&[i32]> {
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
        sums: &mut Sums,
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

/// The gradients of input and weights that are wanted, by their numbers among the inputs.
struct Sums {
    grads: [Option<Tensor>; 6],
    /// The transposed weight of the input.
    input_weight: Option<PackedMatrix>,
    /// Whether something was added.
    begun: bool,
}

impl Sums {
    fn new(record: &Recurrent, inputs: &InputGradients) -> Self {
        let Sizes { batch, time, inputs: features, units, outputs, .. } = record.sizes;
        let width = record.sizes.width();
        let input = match record.takes_rows {
            false => [batch, time, features].into(),
            true => [record.input.f32s().len() / width, width].into(),
        };
        let shapes: [crate::shape::Shape; 6] = [
            input,
            [features, width].into(),
            [outputs, width].into(),
            [width].into(),
            [width].into(),
            [units, outputs].into(),
        ];
        let input_weight = match record.factor() {
            Factor::Weight(weight) if inputs.wants(0) => {
                Some(PackedMatrix::new(Matrix::new(weight, features, width).transposed()))
            }
            _ => None,
        };
        let mut index = 0;
        // Filled by what is added first.
        let grads = shapes.map(|shape| {
            index += 1;
            inputs.wants(index - 1).then(|| Tensor::build(shape, |_| {}))
        });
        Self { grads, input_weight, begun: false }
    }

    /// Adds what the steps of `stretch` give. The arrays are those of a span in which the stretch
    /// begins at `row`: the gradients of the input's products, what cells left, what was
    /// projected and the gradients of what that gave.
    fn add(
        &mut self,
        record: &Recurrent,
        stretch: Span,
        row: usize,
        [gates, extra, projected, projection_grad]: [&[f32]; 4],
    ) {
        let Recurrent { sizes, cell, .. } = *record;
        let Sizes { inputs: features, units, outputs, .. } = sizes;
        let (rows, width) = (stretch.rows(), sizes.width());
        let (from, to) = (Span::whole(sizes).row_of(stretch) * features, rows * features);
        let grads = part(gates, row, rows, width);
        // Blocks of columns whose gradients are those of the input's products.
        let alike = if cell == RecurrentCell::Gru { width - units } else { width };
        let epilogue = Epilogue { accumulate: self.begun, ..Epilogue::default() };
        let begun = std::mem::replace(&mut self.begun, true);
        let [input, input_weight, hidden_weight, input_bias, hidden_bias, projection] =
            &mut self.grads;
        if let Some(grad) = input {
            let grad = grad.make_mut();
            match (&self.input_weight, record.factor()) {
                (_, Factor::Rows(rows)) => {
                    if !begun {
                        grad.fill(0.0);
                    }
                    let rows = &rows[Span::whole(sizes).row_of(stretch)..][..stretch.rows()];
                    add_rows(rows, width, &gates[row * width..][..rows.len() * width], grad);
                }
                (Some(weight), _) => {
                    product(grads, weight, Epilogue::default(), &mut grad[from..][..to]);
                }
                (None, _) => unreachable!("packed where the input's gradient is wanted"),
            }
        }
        if input_weight.is_some() || hidden_weight.is_some() {
            let packed = PackedMatrix::new(grads);
            if let Some(grad) = input_weight {
                let input = Matrix::new(&record.input.f32s()[from..][..to], rows, features);
                product(input.transposed(), &packed, epilogue, grad.make_mut());
            }
            if let Some(grad) = hidden_weight {
                let before = states_before(record, stretch);
                let before = Matrix::new(before.as_slice(), rows, outputs).transposed();
                let (out, packed) = (grad.make_mut(), packed.narrowed(alike));
                product_strided(before, Right::Packed(&packed), epilogue, out, width);
                if alike < width {
                    let extra = Right::Plain(part(extra, row, rows, units));
                    product_strided(before, extra, epilogue, &mut out[alike..], width);
                }
            }
        }
        if input_bias.is_some() || hidden_bias.is_some() {
            let sums_of = |values: &[f32], columns: usize| {
                let values = &values[row * columns..][..rows * columns];
                Tensor::build([columns], |out| column_sums(rows, columns, values, out))
            };
            let sums = sums_of(gates, width);
            if let Some(grad) = input_bias {
                accumulate(begun, sums.as_slice(), grad.make_mut());
            }
            if let Some(grad) = hidden_bias {
                let (out, rest) = grad.make_mut().split_at_mut(alike);
                accumulate(begun, &sums.as_slice()[..alike], out);
                if !rest.is_empty() {
                    accumulate(begun, sums_of(extra, units).as_slice(), rest);
                }
            }
        }
        if let Some(grad) = projection {
            let projected = part(projected, row, rows, units).transposed();
            let grads = part(projection_grad, row, rows, outputs);
            product(projected, grads, epilogue, grad.make_mut());
        }
    }

    fn finish(self, inputs: &mut InputGradients) {
        for (index, grad) in self.grads.into_iter().enumerate() {
            if let Some(grad) = grad {
                inputs.add(index, grad);
            }
        }
    }
}

/// Rows `row` to `row + rows` of `values`.
fn part(values: &[f32], row: usize, rows: usize, width: usize) -> Matrix<'_> {
    Matrix::new(&values[row * width..][..rows * width], rows, width)
}

/// The hidden states before each step of a stretch.
fn states_before(record: &Recurrent, stretch: Span) -> Tensor {
    let sizes = record.sizes;
    let lengths = record.lengths();
    let sequence = sizes.whole_sequence(record.reverse, lengths);
    let hidden = record.first_hidden.as_ref().map(Values::f32s);
    let (items, times) = ((stretch.first, stretch.items), (stretch.start, stretch.steps));
    Tensor::build([stretch.rows(), sizes.outputs], |out| {
        sequence.states_before(record.sequence.f32s(), hidden, items, times, out);
    })
}

/// Adds to sums that have begun, or begins them.
fn accumulate(begun: bool, terms: &[f32], sums: &mut [f32]) {
    match begun {
        true => sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term),
        false => sums.copy_from_slice(terms),
    }
}
