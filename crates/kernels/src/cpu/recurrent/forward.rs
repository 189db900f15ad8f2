//! Sequences from their first step to their last.

use super::cell::Cell;
use super::rows::StepRow;
use super::{Rows, Scratch, Sequence, row, row_mut};
use crate::cpu::isa::dispatch_raw;
use crate::cpu::matmul::{
    Epilogue, HalfMatrix, Matrix, PackedMatrix, product_of_columns, work_of_few_rows,
};
use crate::parallel_steps::parallel_steps;
use crate::threads::SharedMut;

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
pub struct Forward<'a> {
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

impl Forward<'_> {
    /// Takes all steps.
    pub fn run<C: Cell>(self, cell: C) {
        let sequence = self.sequence;
        let Sequence { batch, time, units, outputs, .. } = sequence;
        let (width, all) = (C::GATES * units, batch * time);
        let arrays = Arrays {
            gates: Rows::new(self.gates, all, width),
            extra: Rows::optional(self.extra, all, units),
            projected: Rows::optional(self.projected, all, units),
            output: Rows::optional(self.output, all, outputs),
            last_hidden: Rows::new(self.last_hidden, batch, outputs),
            last_cell: Rows::optional(self.last_cell, batch, units),
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
struct Arrays<'a> {
    gates: Rows<'a>,
    extra: Option<Rows<'a>>,
    projected: Option<Rows<'a>>,
    output: Option<Rows<'a>>,
    last_hidden: Rows<'a>,
    last_cell: Option<Rows<'a>>,
}

/// Takes `count` items from `first` on through all their steps.
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
    let projects = fixed.projection.is_some();
    let parts = sequence.parts(C::GATES);
    let shared = match fixed.product {
        HiddenProduct::Packed(weight) if parts > 1 && !projects => Some(weight),
        _ => None,
    };
    // Threads that share a step's units read the old hidden state while they write the new one.
    let next = if shared.is_some() { count * outputs } else { 0 };
    let cells = if C::HAS_CELL { count * units } else { 0 };
    let before = if projects { count * units } else { 0 };
    let after = if projects { count * outputs } else { 0 };
    let lengths = [count * width, count * outputs, next, cells, before, after];
    let mut scratch = Scratch::new(lengths.iter().sum());
    let [product, mut hidden, mut next, state, before, after] = scratch.parts(lengths);
    start(hidden, fixed.hidden, first, outputs);
    start(state, fixed.cell, first, units);

    let items = first..first + count;
    let longest = items.clone().map(|item| sequence.length(item)).max().unwrap_or(0);
    let step_of = |step| Step { cell, sequence, arrays, items: (first, count), step, projects };
    let epilogue = Epilogue { bias: fixed.bias, ..Epilogue::default() };
    if let Some(weight) = shared {
        let rows = [&mut *product, hidden, next, state];
        steps_by_parts(step_of, weight, epilogue, (parts, longest), rows);
        if longest % 2 == 1 {
            std::mem::swap(&mut hidden, &mut next);
        }
    }
    let in_turn = if shared.is_some() { 0 } else { longest };
    for step in 0..in_turn {
        let at = step_of(step);
        let mut products = product.as_ptr();
        match fixed.product {
            HiddenProduct::Ready(ready) => products = ready[first * width..].as_ptr(),
            HiddenProduct::Half(weight) => {
                let rows = hidden.chunks_exact(outputs).zip(product.chunks_exact_mut(width));
                rows.for_each(|(row, out)| weight.row_product(row, fixed.bias, out));
            }
            HiddenProduct::Packed(weight) => {
                let hidden = Matrix::new(hidden, count, outputs);
                sequence.product(step, C::GATES, hidden, weight, epilogue, product);
            }
        }
        let Some(weight) = fixed.projection else {
            let carried = Carried::new(products, hidden.as_ptr(), hidden, state);
            // SAFETY: the block's own items.
            unsafe { at.run(&carried, (0, units)) };
            continue;
        };
        let carried = Carried::new(products, hidden.as_ptr(), before, state);
        // SAFETY: as above.
        unsafe { at.run(&carried, (0, units)) };
        let projected = Matrix::new(before, count, units);
        sequence.product(step, C::GATES, projected, weight, Epilogue::default(), after);
        for (index, item) in items.clone().enumerate() {
            // The state of an item that has ended stays as it is.
            let Some(at) = sequence.row_of(item, step) else { continue };
            let after = row(after, index, outputs);
            row_mut(hidden, index, outputs).copy_from_slice(after);
            // SAFETY: rows of this block's own items, see `Rows`.
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

/// Takes a block's items through `steps` steps, `parts` threads side by side: each makes all gates
/// of some units, whose part of `weight` stays in its cache.
fn steps_by_parts<'a, C: Cell>(
    step_of: impl Fn(usize) -> Step<'a, C> + Sync,
    weight: &PackedMatrix,
    epilogue: Epilogue<'_>,
    (parts, steps): (usize, usize),
    [product, hidden, next, state]: [&mut [f32]; 4],
) {
    let Step { sequence, items: (_, count), .. } = step_of(0);
    let Sequence { units, outputs, .. } = *sequence;
    let work = steps.saturating_mul(work_of_few_rows(outputs, weight.columns()));
    let [product, hidden, next, state] = [product, hidden, next, state].map(SharedMut::new);
    parallel_steps(parts, steps, work, |part, step| {
        let backwards = step % 2 == 1;
        // The old hidden state is read by all while each writes its part of the new one.
        let (before, after) = if backwards { (next, hidden) } else { (hidden, next) };
        // SAFETY: rows of `outputs` values, which nobody writes during this step.
        let left = unsafe { &*before.slice(0, count * outputs) };
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
        unsafe { step_of(step).run(&carried, part) };
    });
}

/// A step of a block's items.
#[derive(Clone, Copy)]
struct Step<'a, C> {
    cell: C,
    sequence: &'a Sequence<'a>,
    arrays: &'a Arrays<'a>,
    /// First and number.
    items: (usize, usize),
    step: usize,
    /// What the step gives is projected before it is the hidden state and the output.
    projects: bool,
}

/// What a block's items carry from product to product: rows of the cell's units, the products with
/// a row of units for each gate.
struct Carried {
    product: *const f32,
    before: *const f32,
    after: *mut f32,
    state: *mut f32,
}

impl Carried {
    fn new(product: *const f32, before: *const f32, after: &mut [f32], state: &mut [f32]) -> Self {
        Self { product, before, after: after.as_mut_ptr(), state: state.as_mut_ptr() }
    }
}

impl<C: Cell> Step<'_, C> {
    /// The step of some units (first, number) of all items; without a projection the output too.
    ///
    /// # Safety
    /// `carried` must have a row for each item, and nothing else may touch these units of these
    /// items meanwhile.
    unsafe fn run(&self, carried: &Carried, (unit, number): (usize, usize)) {
        let Self { cell, sequence, arrays, items: (first, count), step, projects } = *self;
        let units = sequence.units;
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
