//! Sequences from their first step to their last.

use super::cell::Cell;
use super::rows::StepRow;
use super::{Rows, Scratch, Sequence, row, row_mut};
use crate::kernels::cpu::isa::dispatch;
use crate::kernels::cpu::matmul::{Epilogue, HalfMatrix, Matrix, PackedMatrix};

/// The products of the hidden state with its weight.
#[derive(Clone, Copy)]
pub(crate) enum HiddenProduct<'a> {
    /// To be made at every step with this weight, `[outputs, gates · units]`.
    Packed(&'a PackedMatrix),
    /// The same, rounded to half precision.
    Half(&'a HalfMatrix),
    /// Made already, bias included, `[batch, gates · units]`: there is only one step.
    Ready(&'a [f32]),
}

/// A forward pass. What is saved for the way back may be empty.
pub(crate) struct Forward<'a> {
    pub(crate) sequence: Sequence<'a>,
    pub(crate) product: HiddenProduct<'a>,
    /// `[gates · units]`, added to those products.
    pub(crate) bias: Option<&'a [f32]>,
    /// `[units, outputs]`.
    pub(crate) projection: Option<&'a PackedMatrix>,
    /// `[batch, outputs]`: the hidden state at first, zeros where absent.
    pub(crate) hidden: Option<&'a [f32]>,
    /// `[batch, units]`: the cell state at first, zeros where absent.
    pub(crate) cell: Option<&'a [f32]>,
    /// `[batch, time, gates · units]`: the products with the input; become the activated gates.
    pub(crate) gates: &'a mut [f32],
    /// `[batch, time, units]` or empty: what cells save besides.
    pub(crate) extra: &'a mut [f32],
    /// `[batch, time, units]` or empty: gets what is projected.
    pub(crate) projected: &'a mut [f32],
    /// `[batch, time, outputs]`, or empty for a cell whose only gate is its output.
    pub(crate) output: &'a mut [f32],
    /// `[batch, outputs]`: gets the hidden state at last.
    pub(crate) last_hidden: &'a mut [f32],
    /// `[batch, units]` or empty: gets the cell state at last.
    pub(crate) last_cell: &'a mut [f32],
}

impl Forward<'_> {
    pub(crate) fn run<C: Cell>(self, cell: C) {
        let sequence = self.sequence;
        let Sequence { batch, time, units, outputs, .. } = sequence;
        let (width, all) = (C::GATES * units, batch * time);
        let optional = |values: &mut [f32], rows: usize, width: usize| {
            (!values.is_empty()).then(|| Rows::new(values, rows, width))
        };
        let arrays = Arrays {
            gates: Rows::new(self.gates, all, width),
            extra: optional(self.extra, all, units),
            projected: optional(self.projected, all, units),
            output: optional(self.output, all, outputs),
            last_hidden: Rows::new(self.last_hidden, batch, outputs),
            last_cell: optional(self.last_cell, batch, units),
        };
        let fixed = Fixed {
            product: self.product,
            bias: self.bias,
            projection: self.projection,
            hidden: self.hidden,
            cell: self.cell,
        };
        sequence.each_block(C::GATES, |first, count| {
            block(cell, &sequence, &fixed, &arrays, first, count);
        });
    }
}

/// What all blocks read.
struct Fixed<'a> {
    product: HiddenProduct<'a>,
    bias: Option<&'a [f32]>,
    projection: Option<&'a PackedMatrix>,
    hidden: Option<&'a [f32]>,
    cell: Option<&'a [f32]>,
}

/// What each block writes its items of.
struct Arrays {
    gates: Rows,
    extra: Option<Rows>,
    projected: Option<Rows>,
    output: Option<Rows>,
    last_hidden: Rows,
    last_cell: Option<Rows>,
}

/// Takes `count` items from `first` on through all their steps.
fn block<C: Cell>(
    cell: C,
    sequence: &Sequence<'_>,
    fixed: &Fixed<'_>,
    arrays: &Arrays,
    first: usize,
    count: usize,
) {
    let Sequence { units, outputs, .. } = *sequence;
    let width = C::GATES * units;
    let cells = if C::HAS_CELL { count * units } else { 0 };
    let before = if fixed.projection.is_some() { count * units } else { 0 };
    let after = if fixed.projection.is_some() { count * outputs } else { 0 };
    let lengths = [count * width, count * outputs, cells, before, after];
    let mut scratch = Scratch::new(lengths.iter().sum());
    let [product, hidden, state, before, after] = scratch.parts(lengths);
    start(hidden, fixed.hidden, first, outputs);
    start(state, fixed.cell, first, units);

    let items = first..first + count;
    let longest = items.clone().map(|item| sequence.length(item)).max().unwrap_or(0);
    for step in 0..longest {
        let products = match fixed.product {
            HiddenProduct::Ready(products) => &products[first * width..][..count * width],
            HiddenProduct::Half(weight) => {
                let rows = hidden.chunks_exact(outputs).zip(product.chunks_exact_mut(width));
                rows.for_each(|(row, out)| weight.row_product(row, fixed.bias, out));
                &*product
            }
            HiddenProduct::Packed(weight) => {
                let epilogue = Epilogue { bias: fixed.bias, ..Epilogue::default() };
                let hidden = Matrix::new(hidden, count, outputs);
                sequence.product(step, C::GATES, hidden, weight, epilogue, product);
                &*product
            }
        };
        for (index, item) in items.clone().enumerate() {
            let Some(at) = sequence.row_of(item, step) else { continue };
            // SAFETY: rows of this block's own items, see `Rows`.
            let (gates, extra) =
                unsafe { (arrays.gates.row(at), arrays.extra.as_ref().map(|rows| rows.row(at))) };
            let after = match fixed.projection {
                Some(_) => row_mut(before, index, units),
                None => row_mut(hidden, index, units),
            };
            dispatch(StepRow {
                cell,
                units,
                gates,
                product: row(products, index, width),
                hidden: after,
                state: if C::HAS_CELL { row_mut(state, index, units) } else { &mut [] },
                extra: extra.unwrap_or_default(),
                next: arrays.gates.address(match index + 1 < count {
                    true => sequence.row_of(item + 1, step),
                    false => sequence.row_of(first, step + 1),
                }),
            });
            if let Some(rows) = &arrays.projected {
                // SAFETY: as above.
                unsafe { rows.row(at) }.copy_from_slice(row(before, index, units));
            }
        }
        if let Some(weight) = fixed.projection {
            let before = Matrix::new(before, count, units);
            sequence.product(step, C::GATES, before, weight, Epilogue::default(), after);
        }
        let Some(output) = &arrays.output else { continue };
        for (index, item) in items.clone().enumerate() {
            // The state of an item that has ended stays as it is.
            let Some(at) = sequence.row_of(item, step) else { continue };
            if fixed.projection.is_some() {
                row_mut(hidden, index, outputs).copy_from_slice(row(after, index, outputs));
            }
            // SAFETY: as above.
            unsafe { output.row(at) }.copy_from_slice(row(hidden, index, outputs));
        }
    }
    for (index, item) in items.enumerate() {
        // SAFETY: as above.
        unsafe {
            arrays.last_hidden.row(item).copy_from_slice(row(hidden, index, outputs));
            if let Some(rows) = &arrays.last_cell {
                rows.row(item).copy_from_slice(row(state, index, units));
            }
        }
    }
    if sequence.lengths.is_some() {
        let output = arrays.output.unwrap_or(arrays.gates);
        for rows in [arrays.extra, arrays.projected, Some(output)].into_iter().flatten() {
            sequence.clear_after_ends(rows, (first, count));
        }
    }
}

/// The values of these items to begin with.
pub(super) fn start(target: &mut [f32], values: Option<&[f32]>, first: usize, width: usize) {
    match values {
        Some(values) => target.copy_from_slice(&values[first * width..][..target.len()]),
        None => target.fill(0.0),
    }
}
