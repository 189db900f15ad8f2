//! The gradients of a recurrent layer's input and weights: sums over all steps.

use glassbox_kernels::cpu::matmul::{
    Epilogue, Matrix, PackedMatrix, Right, product, product_strided,
};
use glassbox_kernels::cpu::reduce::column_sums;
use glassbox_kernels::cpu::table_rows::add_rows;

use super::layer::Factor;
use super::sizes::Sizes;
use super::spans::Span;
use super::{Recurrent, RecurrentCell};
use crate::graph::InputGradients;
use crate::tensor::{Tensor, Values};

/// The gradients of input and weights that are wanted, by their numbers among the inputs.
pub(super) struct WeightGrads {
    grads: [Option<Tensor>; 6],
    /// The transposed weight of the input.
    input_weight: Option<PackedMatrix>,
    /// Whether something was added.
    begun: bool,
}

impl WeightGrads {
    pub(super) fn new(record: &Recurrent, inputs: &InputGradients) -> Self {
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
    pub(super) fn add(
        &mut self,
        record: &Recurrent,
        stretch: Span,
        row: usize,
        [gates, extra, projected, projection_grad]: [&[f32]; 4],
    ) {
        let Sizes { units, outputs, .. } = record.sizes;
        let (rows, width) = (stretch.rows(), record.sizes.width());
        let begun = std::mem::replace(&mut self.begun, true);
        let of = StretchGrads {
            record,
            stretch,
            grads: part(gates, row, rows, width),
            extra,
            row,
            begun,
        };
        let [input, input_weight, hidden_weight, input_bias, hidden_bias, projection] =
            &mut self.grads;
        if let Some(grad) = input {
            of.add_input(self.input_weight.as_ref(), gates, grad);
        }
        if input_weight.is_some() || hidden_weight.is_some() {
            let packed = PackedMatrix::new(of.grads);
            if let Some(grad) = input_weight {
                of.add_input_weight(&packed, grad);
            }
            if let Some(grad) = hidden_weight {
                of.add_hidden_weight(packed, grad);
            }
        }
        if input_bias.is_some() || hidden_bias.is_some() {
            of.add_biases(gates, input_bias.as_mut(), hidden_bias.as_mut());
        }
        if let Some(grad) = projection {
            let projected = part(projected, row, rows, units).transposed();
            let grads = part(projection_grad, row, rows, outputs);
            product(projected, grads, of.epilogue(), grad.make_mut());
        }
    }

    pub(super) fn finish(self, inputs: &mut InputGradients) {
        for (index, grad) in self.grads.into_iter().enumerate() {
            if let Some(grad) = grad {
                inputs.add(index, grad);
            }
        }
    }
}

/// What the steps of a stretch give.
struct StretchGrads<'a> {
    record: &'a Recurrent,
    stretch: Span,
    /// Of the input's products.
    grads: Matrix<'a>,
    /// What cells left of the span.
    extra: &'a [f32],
    /// Where the stretch begins in the span.
    row: usize,
    /// Whether it is added to what others gave.
    begun: bool,
}

impl StretchGrads<'_> {
    fn epilogue(&self) -> Epilogue<'static> {
        Epilogue { accumulate: self.begun, ..Epilogue::default() }
    }

    /// Where the stretch's inputs begin, and how many values they are.
    fn inputs(&self) -> (usize, usize) {
        let Sizes { inputs, .. } = self.record.sizes;
        let first = Span::whole(self.record.sizes).row_of(self.stretch);
        (first * inputs, self.stretch.rows() * inputs)
    }

    /// Blocks of columns whose gradients are those of the input's products.
    fn alike(&self) -> usize {
        let Sizes { units, .. } = self.record.sizes;
        let width = self.record.sizes.width();
        if self.record.cell == RecurrentCell::Gru { width - units } else { width }
    }

    fn add_input(&self, weight: Option<&PackedMatrix>, gates: &[f32], grad: &mut Tensor) {
        let sizes = self.record.sizes;
        let (grad, width) = (grad.make_mut(), sizes.width());
        match (weight, self.record.factor()) {
            (_, Factor::Rows(rows)) => {
                if !self.begun {
                    grad.fill(0.0);
                }
                let first = Span::whole(sizes).row_of(self.stretch);
                let rows = &rows[first..][..self.stretch.rows()];
                add_rows(rows, width, &gates[self.row * width..][..rows.len() * width], grad);
            }
            (Some(weight), _) => {
                let (from, to) = self.inputs();
                product(self.grads, weight, Epilogue::default(), &mut grad[from..][..to]);
            }
            (None, _) => unreachable!("packed where the input's gradient is wanted"),
        }
    }

    fn add_input_weight(&self, packed: &PackedMatrix, grad: &mut Tensor) {
        let Sizes { inputs, .. } = self.record.sizes;
        let (from, to) = self.inputs();
        let values = &self.record.input.f32s()[from..][..to];
        let input = Matrix::new(values, self.stretch.rows(), inputs);
        product(input.transposed(), packed, self.epilogue(), grad.make_mut());
    }

    fn add_hidden_weight(&self, packed: PackedMatrix, grad: &mut Tensor) {
        let Sizes { units, outputs, .. } = self.record.sizes;
        let (rows, width, alike) = (self.stretch.rows(), self.record.sizes.width(), self.alike());
        let before = states_before(self.record, self.stretch);
        let before = Matrix::new(before.as_slice(), rows, outputs).transposed();
        let (out, packed) = (grad.make_mut(), packed.narrowed(alike));
        product_strided(before, Right::Packed(&packed), self.epilogue(), out, width);
        if alike < width {
            let extra = Right::Plain(part(self.extra, self.row, rows, units));
            product_strided(before, extra, self.epilogue(), &mut out[alike..], width);
        }
    }

    fn add_biases(&self, gates: &[f32], input: Option<&mut Tensor>, hidden: Option<&mut Tensor>) {
        let Sizes { units, .. } = self.record.sizes;
        let (rows, alike) = (self.stretch.rows(), self.alike());
        let sums_of = |values: &[f32], columns: usize| {
            let values = &values[self.row * columns..][..rows * columns];
            Tensor::build([columns], |out| column_sums(rows, columns, values, out))
        };
        let sums = sums_of(gates, self.record.sizes.width());
        if let Some(grad) = input {
            accumulate(self.begun, sums.as_slice(), grad.make_mut());
        }
        if let Some(grad) = hidden {
            let (out, rest) = grad.make_mut().split_at_mut(alike);
            accumulate(self.begun, &sums.as_slice()[..alike], out);
            if !rest.is_empty() {
                accumulate(self.begun, sums_of(self.extra, units).as_slice(), rest);
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
