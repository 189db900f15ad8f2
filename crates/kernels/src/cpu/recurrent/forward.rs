//! Sequences from their first step to their last.

use super::cell::Cell;
use super::rows::StepRow;
use super::{ItemRows, Sequence, StepScratch, row, row_mut};
use crate::cpu::isa::dispatch_raw;
use crate::cpu::matmul::{
    Epilogue, HalfMatrix, Matrix, PackedMatrix, product_of_columns, work_of_few_rows,
};
use crate::parallel_steps::parallel_steps;
use crate::shared_mut::SharedMut;

/// The products of the hidden state with its weight.
#[derive(Clone, Copy)]
pub enum HiddenProduct<'a> {
    /// To be made at every step with this weight, `[outputs, gates · units]`.
    Packed(&'a PackedMatrix),
    /// The same, rounded to half precision.
    Half(&'a HalfMatrix),
    /// Made already, bias included, `[batch, gates · units]`: there is only one step.
    Ready(&'a [f32]),
}

/// A forward pass. What is saved for the way back may be empty.
pub struct RecurrentForward<'a> {
    /// The extent of the batch.
    pub sequence: Sequence<'a>,
    /// The products with the hidden state.
    pub product: HiddenProduct<'a>,
    /// `[gates · units]`, added to those products.
    pub bias: Option<&'a [f32]>,
    /// `[units, outputs]`.
    pub projection: Option<&'a PackedMatrix>,
    /// `[batch, outputs]`: the hidden state at first, zeros where absent.
    pub hidden: Option<&'a [f32]>,
    /// `[batch, units]`: the cell state at first, zeros where absent.
    pub cell: Option<&'a [f32]>,
    /// `[batch, time, gates · units]`: the products with the input; become the activated gates.
    pub gates: &'a mut [f32],
    /// `[batch, time, units]` or empty: what cells save besides.
    pub extra: &'a mut [f32],
    /// `[batch, time, units]` or empty: gets what is projected.
    pub projected: &'a mut [f32],
    /// `[batch, time, outputs]`, or empty for a cell whose only gate is its output.
    pub output: &'a mut [f32],
    /// `[batch, outputs]`: gets the hidden state at last.
    pub last_hidden: &'a mut [f32],
    /// `[batch, units]` or empty: gets the cell state at last.
    pub last_cell: &'a mut [f32],
}

impl RecurrentForward<'_> {
    /// Takes all steps.
    pub fn run<C: Cell>(self, cell: C) {
        let sequence = self.sequence;
        let Sequence { batch, time, units, outputs, .. } = sequence;
        let (width, all) = (C::GATES * units, batch * time);
        let arrays = ForwardArrays {
            gates: ItemRows::new(self.gates, all, width),
            extra: ItemRows::optional(self.extra, all, units),
            projected: ItemRows::optional(self.projected, all, units),
            output: ItemRows::optional(self.output, all, outputs),
            last_hidden: ItemRows::new(self.last_hidden, batch, outputs),
            last_cell: ItemRows::optional(self.last_cell, batch, units),
        };
        let fixed = ForwardFixed {
            product: self.product,
            bias: self.bias,
            projection: self.projection,
            hidden: self.hidden,
            cell: self.cell,
        };
        sequence.each_block(C::GATES, |first, count| {
            let (sequence, fixed, arrays) = (&sequence, &fixed, &arrays);
            ItemsForward { cell, sequence, fixed, arrays, items: (first, count) }.run();
        });
    }
}

/// What all blocks read.
struct ForwardFixed<'a> {
    product: HiddenProduct<'a>,
    bias: Option<&'a [f32]>,
    projection: Option<&'a PackedMatrix>,
    hidden: Option<&'a [f32]>,
    cell: Option<&'a [f32]>,
}

/// What each block writes its items of.
struct ForwardArrays<'a> {
    gates: ItemRows<'a>,
    extra: Option<ItemRows<'a>>,
    projected: Option<ItemRows<'a>>,
    output: Option<ItemRows<'a>>,
    last_hidden: ItemRows<'a>,
    last_cell: Option<ItemRows<'a>>,
}

/// Some items (first, number) on their way from their first step to their last.
#[derive(Clone, Copy)]
struct ItemsForward<'a, C> {
    cell: C,
    sequence: &'a Sequence<'a>,
    fixed: &'a ForwardFixed<'a>,
    arrays: &'a ForwardArrays<'a>,
    items: (usize, usize),
}

/// What the items have at hand from step to step: rows for each, in scratch.
struct ForwardScratch<'a> {
    /// The products with the hidden state.
    product: &'a mut [f32],
    hidden: &'a mut [f32],
    /// The hidden state after a step of several threads, who still read the old one.
    next: &'a mut [f32],
    cell: &'a mut [f32],
    /// What is projected, and what that gives.
    before: &'a mut [f32],
    after: &'a mut [f32],
}

impl<C: Cell> ItemsForward<'_, C> {
    /// Takes the items through all their steps.
    fn run(&self) {
        let Self { sequence, items: (first, count), .. } = *self;
        let Sequence { units, outputs, .. } = *sequence;
        let projects = self.fixed.projection.is_some();
        let parts = sequence.parts(C::GATES);
        let shared = match self.fixed.product {
            HiddenProduct::Packed(weight) if parts > 1 && !projects => Some(weight),
            _ => None,
        };
        let next = if shared.is_some() { count * outputs } else { 0 };
        let cells = if C::HAS_CELL { count * units } else { 0 };
        let before = if projects { count * units } else { 0 };
        let after = if projects { count * outputs } else { 0 };
        let lengths = [count * C::GATES * units, count * outputs, next, cells, before, after];
        let mut scratch = StepScratch::new(lengths.iter().sum());
        let [product, hidden, next, cell, before, after] = scratch.parts(lengths);
        start(hidden, self.fixed.hidden, first, outputs);
        start(cell, self.fixed.cell, first, units);
        let mut at_hand = ForwardScratch { product, hidden, next, cell, before, after };
        let steps =
            (first..first + count).map(|item| sequence.length(item)).max().unwrap_or_default();
        match shared {
            Some(weight) => self.steps_by_parts(weight, (parts, steps), &mut at_hand),
            None => (0..steps).for_each(|step| self.step(step, &mut at_hand)),
        }
        self.finish(&at_hand);
    }

    /// One step of all items on the calling thread, which others may help with its products.
    fn step(&self, step: usize, at_hand: &mut ForwardScratch<'_>) {
        let Self { sequence, fixed, items: (first, count), .. } = *self;
        let Sequence { units, outputs, .. } = *sequence;
        let width = C::GATES * units;
        let ForwardScratch { product, hidden, cell, before, .. } = at_hand;
        let mut products = product.as_ptr();
        match fixed.product {
            HiddenProduct::Ready(ready) => products = ready[first * width..].as_ptr(),
            HiddenProduct::Half(weight) => {
                let rows = hidden.chunks_exact(outputs).zip(product.chunks_exact_mut(width));
                rows.for_each(|(row, out)| weight.row_product(row, fixed.bias, out));
            }
            HiddenProduct::Packed(weight) => {
                let epilogue = Epilogue { bias: fixed.bias, ..Epilogue::default() };
                let hidden = Matrix::new(hidden, count, outputs);
                sequence.product(step, C::GATES, hidden, weight, epilogue, product);
                products = product.as_ptr();
            }
        }
        let after = match fixed.projection {
            Some(_) => before.as_mut_ptr(),
            None => hidden.as_mut_ptr(),
        };
        // Without a projection both are one array, to which there must not be two references.
        let old = if fixed.projection.is_some() { hidden.as_ptr() } else { after.cast_const() };
        let carried = Carried { product: products, before: old, after, state: cell.as_mut_ptr() };
        // SAFETY: rows of the block's own items, each read before it is written.
        unsafe { self.cell_step(step, &carried, (0, units)) };
        if let Some(weight) = fixed.projection {
            self.project(step, weight, at_hand);
        }
    }

    /// Projects what a step gave: that is the hidden state then, and the output.
    fn project(&self, step: usize, weight: &PackedMatrix, at_hand: &mut ForwardScratch<'_>) {
        let Self { sequence, arrays, items: (first, count), .. } = *self;
        let Sequence { units, outputs, .. } = *sequence;
        let ForwardScratch { hidden, before, after, .. } = at_hand;
        let projected = Matrix::new(before, count, units);
        sequence.product(step, C::GATES, projected, weight, Epilogue::default(), after);
        for index in 0..count {
            // The state of an item that has ended stays as it is.
            let Some(at) = sequence.row_of(first + index, step) else { continue };
            let after = row(after, index, outputs);
            row_mut(hidden, index, outputs).copy_from_slice(after);
            // SAFETY: rows of this block's own items, see `ItemRows`.
            unsafe {
                if let Some(output) = &arrays.output {
                    output.row(at).copy_from_slice(after);
                }
                if let Some(rows) = &arrays.projected {
                    rows.row(at).copy_from_slice(row(before, index, units));
                }
            }
        }
    }

    /// Writes the last states, and zeros after the items' ends.
    fn finish(&self, at_hand: &ForwardScratch<'_>) {
        let Self { sequence, arrays, items, .. } = *self;
        let Sequence { units, outputs, .. } = *sequence;
        for index in 0..items.1 {
            let item = items.0 + index;
            // SAFETY: rows of this block's own items, see `ItemRows`.
            unsafe {
                arrays.last_hidden.row(item).copy_from_slice(row(at_hand.hidden, index, outputs));
                if let Some(rows) = &arrays.last_cell {
                    rows.row(item).copy_from_slice(row(at_hand.cell, index, units));
                }
            }
        }
        if sequence.lengths.is_some() {
            let output = arrays.output.unwrap_or(arrays.gates);
            for rows in [arrays.extra, arrays.projected, Some(output)].into_iter().flatten() {
                sequence.clear_after_ends(rows, items);
            }
        }
    }

    /// Takes the items through all steps, `parts` threads side by side: each makes all gates of
    /// some units, whose part of `weight` stays in its cache.
    fn steps_by_parts(
        &self,
        weight: &PackedMatrix,
        (parts, steps): (usize, usize),
        at_hand: &mut ForwardScratch<'_>,
    ) {
        let Self { sequence, fixed, items: (_, count), .. } = *self;
        let Sequence { units, outputs, .. } = *sequence;
        let epilogue = Epilogue { bias: fixed.bias, ..Epilogue::default() };
        let work = steps.saturating_mul(work_of_few_rows(outputs, weight.columns()));
        let ForwardScratch { product, hidden, next, cell, .. } = at_hand;
        let [product, old, new, state] =
            [&mut **product, &mut **hidden, &mut **next, &mut **cell].map(SharedMut::new);
        parallel_steps(parts, steps, work, |part, step| {
            let backwards = step % 2 == 1;
            // The old hidden state is read by all while each writes its part of the new one.
            let (before, after) = if backwards { (new, old) } else { (old, new) };
            // SAFETY: rows of `outputs` values, which nobody writes during this step.
            let left = unsafe { before.read(0, count * outputs) };
            let left = Matrix::new(left, count, outputs);
            let part = sequence.part(part, parts);
            for gate in 0..C::GATES {
                let gate = if backwards { C::GATES - 1 - gate } else { gate };
                let columns = (gate * units + part.0, part.1);
                // SAFETY: a row of products for each item, of which each part writes and reads the
                // columns of its own units.
                unsafe { product_of_columns(left, weight, epilogue, product, columns, backwards) };
            }
            let carried = Carried {
                product: product.pointer(0),
                before: before.pointer(0),
                after: after.pointer(0),
                state: state.pointer(0),
            };
            // SAFETY: the block's own items, each part's own units.
            unsafe { self.cell_step(step, &carried, part) };
        });
        if steps % 2 == 1 {
            std::mem::swap(hidden, next);
        }
    }
}

/// What a block's items carry from product to product: rows of the cell's units, the products with
/// a row of units for each gate.
struct Carried {
    product: *const f32,
    before: *const f32,
    after: *mut f32,
    state: *mut f32,
}

impl<C: Cell> ItemsForward<'_, C> {
    /// The step of some units (first, number) of all items; without a projection the output too.
    ///
    /// # Safety
    /// `carried` must have a row for each item, and nothing else may touch these units of these
    /// items meanwhile.
    unsafe fn cell_step(&self, step: usize, carried: &Carried, (unit, number): (usize, usize)) {
        let Self { cell, sequence, arrays, items: (first, count), .. } = *self;
        let (units, projects) = (sequence.units, self.fixed.projection.is_some());
        for index in 0..count {
            let skip = index * units;
            let (before, after) =
                (carried.before.wrapping_add(skip), carried.after.wrapping_add(skip));
            let Some(at) = sequence.row_of(first + index, step) else {
                // The state of an item that has ended stays as it is.
                if !projects && before != after {
                    // SAFETY: rows of the same units, by this function's contract.
                    unsafe { after.add(unit).copy_from(before.add(unit), number) };
                }
                continue;
            };
            let row = StepRow {
                cell,
                units,
                part: (unit, number),
                gates: arrays.gates.pointer(at),
                product: carried.product.wrapping_add(skip * C::GATES),
                before,
                after,
                state: carried.state.wrapping_add(skip),
                extra: arrays.extra.as_ref().map_or(std::ptr::null_mut(), |rows| rows.pointer(at)),
                next: arrays.gates.address(match index + 1 < count {
                    true => sequence.row_of(first + index + 1, step),
                    false => sequence.row_of(first, step + 1),
                }),
            };
            // SAFETY: by this function's contract; arrays have a row for each item's step.
            unsafe {
                dispatch_raw(row);
                if let (Some(output), true) = (&arrays.output, !projects) {
                    output.pointer(at).add(unit).copy_from_nonoverlapping(after.add(unit), number);
                }
            }
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
