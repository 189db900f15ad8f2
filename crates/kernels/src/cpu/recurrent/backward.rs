//! Sequences from their last step to their first: backpropagation through time (Werbos 1990).

use super::cell::Cell;
use super::forward::start;
use super::rows::StepBackRow;
use super::{ItemRows, Sequence, StepScratch, row, row_mut};
use crate::cpu::isa::dispatch;
use crate::cpu::matmul::{Epilogue, Matrix, PackedMatrix};

/// A backward pass over the steps, which leaves the gradients of all products: those of weights
/// and inputs are products of these with what was saved.
pub struct RecurrentBackward<'a> {
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

impl RecurrentBackward<'_> {
    /// Goes back over all steps.
    pub fn run<C: Cell>(self, cell: C) {
        let sequence = self.sequence;
        let Sequence { batch, time, units, outputs, .. } = sequence;
        let all = batch * time;
        assert!(self.output.len() == all * outputs && self.output_grad.len() == all * outputs);
        let arrays = BackwardArrays {
            gates: ItemRows::new(self.gates, all, C::GATES * units),
            extra: ItemRows::optional(self.extra, all, units),
            projection_grad: ItemRows::optional(self.projection_grad, all, outputs),
            hidden_grad: ItemRows::optional(self.hidden_grad, batch, outputs),
            cell_grad: ItemRows::optional(self.cell_grad, batch, units),
        };
        let fixed = BackwardFixed {
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
            let (sequence, fixed, arrays) = (&sequence, &fixed, &arrays);
            ItemsBackward { cell, sequence, fixed, arrays, items: (first, count) }.run();
        });
    }
}

/// What all blocks read.
struct BackwardFixed<'a> {
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
struct BackwardArrays<'a> {
    gates: ItemRows<'a>,
    extra: Option<ItemRows<'a>>,
    projection_grad: Option<ItemRows<'a>>,
    hidden_grad: Option<ItemRows<'a>>,
    cell_grad: Option<ItemRows<'a>>,
}

/// Some items (first, number) on their way from their last step to their first.
#[derive(Clone, Copy)]
struct ItemsBackward<'a, C> {
    cell: C,
    sequence: &'a Sequence<'a>,
    fixed: &'a BackwardFixed<'a>,
    arrays: &'a BackwardArrays<'a>,
    items: (usize, usize),
}

/// What the items have at hand from step to step: rows for each, in scratch.
struct BackwardScratch<'a> {
    /// The gradients of the hidden state's products.
    product_grad: &'a mut [f32],
    /// The gradient of the hidden state.
    grad: &'a mut [f32],
    cell_grad: &'a mut [f32],
    /// The gradient of what is projected.
    before: &'a mut [f32],
}

impl<C: Cell> ItemsBackward<'_, C> {
    /// Takes the items back through all their steps.
    fn run(&self) {
        let Self { sequence, fixed, items: (first, count), .. } = *self;
        let Sequence { units, outputs, .. } = *sequence;
        let width = C::GATES * units;
        let cells = if C::HAS_CELL { count * units } else { 0 };
        let before = if fixed.projection.is_some() { count * units } else { 0 };
        let lengths = [count * width, count * outputs, cells, before];
        let mut scratch = StepScratch::new(lengths.iter().sum());
        let [product_grad, grad, cell_grad, before] = scratch.parts(lengths);
        start(grad, fixed.last_hidden_grad, first, outputs);
        start(cell_grad, fixed.last_cell_grad, first, units);
        let mut at_hand = BackwardScratch { product_grad, grad, cell_grad, before };
        let steps =
            (first..first + count).map(|item| sequence.length(item)).max().unwrap_or_default();
        for step in (0..steps).rev() {
            if let Some(weight) = fixed.projection {
                self.project_back(step, weight, &mut at_hand);
            }
            (0..count).for_each(|index| self.cell_step(step, index, &mut at_hand));
            if step > 0 || self.arrays.hidden_grad.is_some() {
                let grads = Matrix::new(at_hand.product_grad, count, width);
                let epilogue = Epilogue { accumulate: true, ..Epilogue::default() };
                let grad = &mut *at_hand.grad;
                sequence.product(step, C::GATES, grads, fixed.weight, epilogue, grad);
            }
        }
        self.finish(&at_hand);
    }

    /// The gradient of what a step projected, from that of the hidden state.
    fn project_back(&self, step: usize, weight: &PackedMatrix, at_hand: &mut BackwardScratch<'_>) {
        let Self { sequence, fixed, items: (first, count), .. } = *self;
        let outputs = sequence.outputs;
        for index in 0..count {
            let Some(at) = sequence.row_of(first + index, step) else { continue };
            let terms = row(fixed.output_grad, at, outputs);
            let grad = row_mut(at_hand.grad, index, outputs);
            grad.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
        let grads = Matrix::new(at_hand.grad, count, outputs);
        sequence.product(step, C::GATES, grads, weight, Epilogue::default(), at_hand.before);
    }

    /// One step of item number `index`.
    fn cell_step(&self, step: usize, index: usize, at_hand: &mut BackwardScratch<'_>) {
        let Self { cell, sequence, fixed, arrays, items: (first, _) } = *self;
        let Sequence { units, outputs, .. } = *sequence;
        let item = first + index;
        let product_grad = row_mut(at_hand.product_grad, index, C::GATES * units);
        let Some(at) = sequence.row_of(item, step) else {
            // The gradient of an item that has not begun yet waits in `grad`.
            return product_grad.fill(0.0);
        };
        let grad = row_mut(at_hand.grad, index, outputs);
        if let Some(rows) = &arrays.projection_grad {
            // SAFETY: rows of this block's own items, see `ItemRows`.
            unsafe { rows.row(at) }.copy_from_slice(grad);
        }
        let (grad, terms) = if fixed.projection.is_some() {
            grad.fill(0.0);
            (row_mut(at_hand.before, index, units), None)
        } else {
            (grad, Some(row(fixed.output_grad, at, outputs)))
        };
        // SAFETY: as above, one at a time; the cell state of another step is another row.
        let (gates, extra) =
            unsafe { (arrays.gates.row(at), arrays.extra.as_ref().map(|rows| rows.row(at))) };
        let next = self.next(step, index);
        dispatch(StepBackRow {
            cell,
            units,
            gates,
            extra: extra.unwrap_or_default(),
            state: self.state_before(step, item),
            grad,
            terms,
            next_terms: match next {
                Some(at) => row(fixed.output_grad, at, outputs).as_ptr(),
                None => std::ptr::null(),
            },
            cell_grad: match C::HAS_CELL {
                true => row_mut(at_hand.cell_grad, index, units),
                false => &mut [],
            },
            product_grad,
            next: arrays.gates.address(next),
        });
    }

    /// The row of the step that is taken after that of item number `index`.
    fn next(&self, step: usize, index: usize) -> Option<usize> {
        let (first, count) = self.items;
        match index + 1 < count {
            true => self.sequence.row_of(first + index + 1, step),
            false => step.checked_sub(1).and_then(|step| self.sequence.row_of(first, step)),
        }
    }

    /// The state before an item's step: the cell's where there is one, or the hidden state.
    fn state_before(&self, step: usize, item: usize) -> Option<&[f32]> {
        let Self { sequence, fixed, arrays, .. } = *self;
        let Sequence { units, outputs, .. } = *sequence;
        let earlier = step.checked_sub(1).and_then(|step| sequence.row_of(item, step));
        match (C::HAS_CELL, earlier, &arrays.extra) {
            // SAFETY: a row of this block's own items, see `ItemRows`, and not that of the step.
            (true, Some(at), Some(rows)) => Some(unsafe { &*rows.row(at) }),
            (true, ..) => fixed.cell.map(|values| row(values, item, units)),
            (false, Some(at), _) => Some(row(fixed.output, at, outputs)),
            (false, None, _) => fixed.hidden.map(|values| row(values, item, outputs)),
        }
    }

    /// Writes the gradients of the first states, and zeros after the items' ends.
    fn finish(&self, at_hand: &BackwardScratch<'_>) {
        let Self { sequence, arrays, items, .. } = *self;
        let Sequence { units, outputs, .. } = *sequence;
        for index in 0..items.1 {
            let item = items.0 + index;
            // SAFETY: rows of this block's own items, see `ItemRows`.
            unsafe {
                if let Some(rows) = &arrays.hidden_grad {
                    rows.row(item).copy_from_slice(row(at_hand.grad, index, outputs));
                }
                if let Some(rows) = &arrays.cell_grad {
                    rows.row(item).copy_from_slice(row(at_hand.cell_grad, index, units));
                }
            }
        }
        if sequence.lengths.is_some() {
            let extra = if C::HAS_CELL { None } else { arrays.extra };
            let grads = [Some(arrays.gates), extra, arrays.projection_grad];
            for rows in grads.into_iter().flatten() {
                sequence.clear_after_ends(rows, items);
            }
        }
    }
}
