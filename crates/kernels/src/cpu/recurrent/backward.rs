//! Sequences from their last step to their first: backpropagation through time (Werbos 1990).

use super::cell::Cell;
use super::forward::start;
use super::rows::StepBackRow;
use super::{Rows, Scratch, Sequence, row, row_mut};
use crate::cpu::isa::dispatch;
use crate::cpu::matmul::{Epilogue, Matrix, PackedMatrix};

/// A backward pass over the steps, which leaves the gradients of all products: those of weights
/// and inputs are products of these with what was saved.
pub struct Backward<'a> {
    /// The extent of the batch.
    pub sequence: Sequence<'a>,
    /// The transposed weight of the hidden state, `[gates · units, outputs]`.
    pub weight: &'a PackedMatrix,
    /// The transposed projection, `[outputs, units]`.
    pub projection: Option<&'a PackedMatrix>,
    /// `[batch, time, outputs]`: the hidden state after each step.
    pub output: &'a [f32],
    /// `[batch, outputs]`: the hidden state at first, zeros where absent.
    pub hidden: Option<&'a [f32]>,
    /// `[batch, units]`: the cell state at first, zeros where absent.
    pub cell: Option<&'a [f32]>,
    /// `[batch, time, outputs]`.
    pub output_grad: &'a [f32],
    /// `[batch, outputs]`: the gradient of the hidden state at last.
    pub last_hidden_grad: Option<&'a [f32]>,
    /// `[batch, units]`: the gradient of the cell state at last.
    pub last_cell_grad: Option<&'a [f32]>,
    /// `[batch, time, gates · units]`: the gates; become the gradients of the products with the
    /// input.
    pub gates: &'a mut [f32],
    /// `[batch, time, units]` or empty: what cells saved; without a cell state it becomes the
    /// gradient of the last gate's product with the hidden state.
    pub extra: &'a mut [f32],
    /// `[batch, time, outputs]` or empty: gets the gradients of what the projection gave.
    pub projection_grad: &'a mut [f32],
    /// `[batch, outputs]` or empty: gets the gradient of the hidden state at first.
    pub hidden_grad: &'a mut [f32],
    /// `[batch, units]` or empty: gets the gradient of the cell state at first.
    pub cell_grad: &'a mut [f32],
}

impl Backward<'_> {
    /// Goes back over all steps.
    pub fn run<C: Cell>(self, cell: C) {
        let sequence = self.sequence;
        let Sequence { batch, time, units, outputs, .. } = sequence;
        let all = batch * time;
        assert!(self.output.len() == all * outputs && self.output_grad.len() == all * outputs);
        let arrays = Arrays {
            gates: Rows::new(self.gates, all, C::GATES * units),
            extra: Rows::optional(self.extra, all, units),
            projection_grad: Rows::optional(self.projection_grad, all, outputs),
            hidden_grad: Rows::optional(self.hidden_grad, batch, outputs),
            cell_grad: Rows::optional(self.cell_grad, batch, units),
        };
        let fixed = Fixed {
            weight: self.weight,
            projection: self.projection,
            output: self.output,
            hidden: self.hidden,
            cell: self.cell,
            output_grad: self.output_grad,
            last_hidden_grad: self.last_hidden_grad,
            last_cell_grad: self.last_cell_grad,
        };
        sequence.each_block(C::GATES, |first, count| {
            block(cell, &sequence, &fixed, &arrays, first, count);
        });
    }
}

/// What all blocks read.
struct Fixed<'a> {
    weight: &'a PackedMatrix,
    projection: Option<&'a PackedMatrix>,
    output: &'a [f32],
    hidden: Option<&'a [f32]>,
    cell: Option<&'a [f32]>,
    output_grad: &'a [f32],
    last_hidden_grad: Option<&'a [f32]>,
    last_cell_grad: Option<&'a [f32]>,
}

/// What each block writes its items of.
struct Arrays<'a> {
    gates: Rows<'a>,
    extra: Option<Rows<'a>>,
    projection_grad: Option<Rows<'a>>,
    hidden_grad: Option<Rows<'a>>,
    cell_grad: Option<Rows<'a>>,
}

/// Takes `count` items from `first` on back through all their steps.
fn block<C: Cell>(
    cell: C,
    sequence: &Sequence<'_>,
    fixed: &Fixed<'_>,
    arrays: &Arrays<'_>,
    first: usize,
    count: usize,
) {
    let Sequence { units, outputs, .. } = *sequence;
    let width = C::GATES * units;
    let cells = if C::HAS_CELL { count * units } else { 0 };
    let before = if fixed.projection.is_some() { count * units } else { 0 };
    let lengths = [count * width, count * outputs, cells, before];
    let mut scratch = Scratch::new(lengths.iter().sum());
    let [product_grad, grad, cell_grad, before] = scratch.parts(lengths);
    start(grad, fixed.last_hidden_grad, first, outputs);
    start(cell_grad, fixed.last_cell_grad, first, units);

    let items = first..first + count;
    let longest = items.clone().map(|item| sequence.length(item)).max().unwrap_or(0);
    for step in (0..longest).rev() {
        if let Some(weight) = fixed.projection {
            for (index, item) in items.clone().enumerate() {
                let Some(at) = sequence.row_of(item, step) else { continue };
                let terms = row(fixed.output_grad, at, outputs);
                let grad = row_mut(grad, index, outputs);
                grad.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            }
            let grads = Matrix::new(grad, count, outputs);
            sequence.product(step, C::GATES, grads, weight, Epilogue::default(), before);
        }
        for (index, item) in items.clone().enumerate() {
            let product_grad = row_mut(product_grad, index, width);
            let Some(at) = sequence.row_of(item, step) else {
                // The gradient of an item that has not begun yet waits in `grad`.
                product_grad.fill(0.0);
                continue;
            };
            let grad = row_mut(grad, index, outputs);
            if let Some(rows) = &arrays.projection_grad {
                // SAFETY: rows of this block's own items, see `Rows`.
                unsafe { rows.row(at) }.copy_from_slice(grad);
            }
            let (grad, terms) = if fixed.projection.is_some() {
                grad.fill(0.0);
                (row_mut(before, index, units), None)
            } else {
                (grad, Some(row(fixed.output_grad, at, outputs)))
            };
            let earlier = step.checked_sub(1).and_then(|step| sequence.row_of(item, step));
            // SAFETY: as above; the cell state of another step is another row.
            let (gates, extra, cell_before) = unsafe {
                let extra = arrays.extra.as_ref();
                let cell_before = match (extra, earlier) {
                    (Some(rows), Some(at)) if C::HAS_CELL => Some(&*rows.row(at)),
                    _ => fixed.cell.map(|values| row(values, item, units)),
                };
                (arrays.gates.row(at), extra.map(|rows| rows.row(at)), cell_before)
            };
            let state = match (C::HAS_CELL, earlier) {
                (true, _) => cell_before,
                (false, Some(at)) => Some(row(fixed.output, at, outputs)),
                (false, None) => fixed.hidden.map(|values| row(values, item, outputs)),
            };
            let next = match index + 1 < count {
                true => sequence.row_of(item + 1, step),
                false => step.checked_sub(1).and_then(|step| sequence.row_of(first, step)),
            };
            dispatch(StepBackRow {
                cell,
                units,
                gates,
                extra: extra.unwrap_or_default(),
                state,
                grad,
                terms,
                next_terms: match next {
                    Some(at) => row(fixed.output_grad, at, outputs).as_ptr(),
                    None => std::ptr::null(),
                },
                cell_grad: if C::HAS_CELL { row_mut(cell_grad, index, units) } else { &mut [] },
                product_grad,
                next: arrays.gates.address(next),
            });
        }
        if step > 0 || arrays.hidden_grad.is_some() {
            let grads = Matrix::new(product_grad, count, width);
            let epilogue = Epilogue { accumulate: true, ..Epilogue::default() };
            sequence.product(step, C::GATES, grads, fixed.weight, epilogue, grad);
        }
    }
    for (index, item) in items.enumerate() {
        // SAFETY: as above.
        unsafe {
            if let Some(rows) = &arrays.hidden_grad {
                rows.row(item).copy_from_slice(row(grad, index, outputs));
            }
            if let Some(rows) = &arrays.cell_grad {
                rows.row(item).copy_from_slice(row(cell_grad, index, units));
            }
        }
    }
    if sequence.lengths.is_some() {
        let extra = if C::HAS_CELL { None } else { arrays.extra };
        let grads = [Some(arrays.gates), extra, arrays.projection_grad];
        for rows in grads.into_iter().flatten() {
            sequence.clear_after_ends(rows, (first, count));
        }
    }
}
