//! The sizes of a recurrent layer, once everything fits.

use glassbox_kernels::cpu::recurrent::Sequence;

use super::spans::Span;
use super::{RecurrentCell, RecurrentInput, RecurrentOptions, RecurrentWeights};
use crate::shape::Shape;
use crate::tensor::Tensor;

#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) batch: usize,
    pub(super) time: usize,
    pub(super) inputs: usize,
    pub(super) units: usize,
    pub(super) outputs: usize,
    pub(super) gates: usize,
}

impl Sizes {
    pub(super) fn rows(&self) -> usize {
        self.batch * self.time
    }

    pub(super) fn width(&self) -> usize {
        self.gates * self.units
    }

    /// All steps of all items.
    pub(super) fn whole_sequence<'a>(
        &self,
        reverse: bool,
        lengths: Option<&'a [i32]>,
    ) -> Sequence<'a> {
        let Self { batch, time, units, outputs, .. } = *self;
        Sequence { batch, time, units, outputs, reverse, lengths }
    }

    /// The steps of a part, of which `lengths` count.
    pub(super) fn sequence<'a>(
        &self,
        span: Span,
        reverse: bool,
        lengths: Option<&'a Tensor>,
    ) -> Sequence<'a> {
        let Self { units, outputs, .. } = *self;
        let lengths = lengths.map(Tensor::as_i32);
        Sequence { batch: span.items, time: span.steps, units, outputs, reverse, lengths }
    }
}

/// # Panics
/// When shapes do not fit each other, there is no step, or a length is out of range.
#[track_caller]
pub(super) fn checked_sizes(
    input: &Tensor,
    cell: RecurrentCell,
    weights: &RecurrentWeights<'_>,
    options: &RecurrentOptions<'_>,
) -> Sizes {
    let gates = cell.gates();
    let (shape, hidden) = (input.shape(), weights.hidden.shape());
    let steps = match weights.input {
        RecurrentInput::Weight(_) => shape,
        // As many inputs as products.
        RecurrentInput::Rows(rows) => {
            let (rows, table) = (rows.shape(), shape);
            let (&[batch, time], &[_, width]) = (rows.dims(), table.dims()) else {
                panic!("recurrent layer of rows {rows} of a table of {table}");
            };
            [batch, time, width].into()
        }
    };
    let (&[batch, time, inputs], &[outputs, width]) = (steps.dims(), hidden.dims()) else {
        panic!("recurrent layer of {shape} with a hidden weight of {hidden}");
    };
    let units = width / gates;
    assert!(
        width == units * gates && units > 0 && outputs > 0 && batch > 0 && time > 0 && inputs > 0,
        "recurrent layer ({cell:?}) of {shape} with a hidden weight of {hidden}"
    );
    let sizes = Sizes { batch, time, inputs, units, outputs, gates };
    check_input(shape, weights, sizes);
    let expect = |name, tensor, wanted: &[usize]| expect_shape(shape, name, tensor, wanted);
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
    sizes
}

#[track_caller]
fn expect_shape(layer: Shape, name: &str, tensor: Option<&Tensor>, wanted: &[usize]) {
    if let Some(tensor) = tensor {
        let found = tensor.shape();
        assert_eq!(found.dims(), wanted, "recurrent layer of {layer}: the shape of its {name}");
    }
}

/// # Panics
/// When what makes the products of the input does not fit the layer.
#[track_caller]
fn check_input(shape: Shape, weights: &RecurrentWeights<'_>, sizes: Sizes) {
    let (inputs, width) = (sizes.inputs, sizes.width());
    let rows = match weights.input {
        RecurrentInput::Weight(weight) => {
            return expect_shape(shape, "input weight", Some(weight), &[inputs, width]);
        }
        RecurrentInput::Rows(rows) => rows,
    };
    assert_eq!(inputs, width, "recurrent layer of rows of {inputs} products, not {width}");
    assert!(
        weights.input_bias.is_none(),
        "recurrent layer of {shape}: the products in rows have their bias"
    );
    let count = shape[0];
    for row in rows.as_i32() {
        assert!((*row as usize) < count, "row {row} of {count} rows");
    }
}
