//! One step of one batch item: all gates in one pass over its units.
//!
//! The passes are methods rather than closures, which cannot be forced inline (see
//! [`crate::cpu::isa::Kernel`]).

use super::cell::{Cell, MOST_GATES};
use crate::cpu::at::At;
use crate::cpu::isa::{Kernel, RawKernel};
use crate::cpu::vector::{Vector, prefetch};

/// One pass over the units of an item.
trait Units {
    /// # Safety
    /// `at` must lie within the units, of which each pointer must have one row, or one a gate.
    unsafe fn step<V: Vector>(&mut self, at: At);
}

/// Takes some units (first, number) of `row` through their step, a vector at a time.
///
/// # Safety
/// The pointers of `row` must be those of as many units.
#[inline(always)]
unsafe fn each_vector<V: Vector, R: Units>((first, units): (usize, usize), row: &mut R) {
    let whole = first + units - units % V::LANES;
    let mut start = first;
    while start < whole {
        // SAFETY: whole vectors up to here lie within the units.
        unsafe { row.step::<V>(At::Whole(start)) };
        start += V::LANES;
    }
    if whole < first + units {
        // SAFETY: as above, for what is left.
        unsafe { row.step::<V>(At::Part(whole, first + units - whole)) };
    }
}

/// A step of one item, or of some of its units.
pub(super) struct StepRow<C> {
    pub(super) cell: C,
    /// Units of the cell: values from one gate to the next.
    pub(super) units: usize,
    /// The first unit of the step, and how many.
    pub(super) part: (usize, usize),
    /// `[gates · units]`: the products with the input; becomes the activated gates.
    pub(super) gates: *mut f32,
    /// `[gates · units]`: the products with the hidden state.
    pub(super) product: *const f32,
    /// `[units]`: the hidden state before the step.
    pub(super) before: *const f32,
    /// `[units]`: gets that after it (under a projection what is projected); may be the same.
    pub(super) after: *mut f32,
    /// `[units]`: the cell state, old and new, of a cell that has one.
    pub(super) state: *mut f32,
    /// `[units]`, or null where nothing is saved.
    pub(super) extra: *mut f32,
    /// The gates of the step that comes next, asked for meanwhile: rows lie far apart, and nothing
    /// but this pass knows which. Null after the last; never read.
    pub(super) next: *const f32,
}

impl<C: Cell> RawKernel for StepRow<C> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(mut self) {
        assert!(self.part.0 + self.part.1 <= self.units);
        // SAFETY: by this method's contract every pointer has `units` values, or as many a gate.
        unsafe { each_vector::<V, _>(self.part, &mut self) };
    }
}

impl<C: Cell> Units for StepRow<C> {
    #[inline(always)]
    unsafe fn step<V: Vector>(&mut self, at: At) {
        let Self { cell, units, gates, product, before, after, state, extra, next, .. } = *self;
        // SAFETY: by the trait's contract.
        unsafe {
            let (mut x, mut h) = ([V::zero(); MOST_GATES], [V::zero(); MOST_GATES]);
            let mut gate = 0;
            while gate < C::GATES {
                prefetch(next.wrapping_add(gate * units + at.start()));
                x[gate] = at.load(gates.add(gate * units));
                h[gate] = at.load(product.add(gate * units));
                gate += 1;
            }
            let old = at.load(if C::HAS_CELL { state.cast_const() } else { before });
            let step = cell.forward(x, h, old);
            let mut gate = 0;
            while gate < C::GATES {
                at.store(step.gates[gate], gates.add(gate * units));
                gate += 1;
            }
            at.store(step.output, after);
            if C::HAS_CELL {
                at.store(step.extra, state);
            }
            if C::SAVES_EXTRA && !extra.is_null() {
                at.store(step.extra, extra);
            }
        }
    }
}

/// Back through a step of one item.
pub(super) struct StepBackRow<'a, C> {
    pub(super) cell: C,
    pub(super) units: usize,
    /// `[gates · units]`: the activated gates; becomes the gradients of the input's products.
    pub(super) gates: &'a mut [f32],
    /// `[units]`, or empty: what the step saved. Without a cell state it becomes the last block
    /// of `product_grad`, the one that differs from that of the input's products.
    pub(super) extra: &'a mut [f32],
    /// `[units]`, or empty: the state before the step (the cell's where there is one). `None`
    /// stands for zeros.
    pub(super) state: Option<&'a [f32]>,
    /// `[units]`: the gradient of the step's output; becomes what reaches the old hidden state
    /// directly.
    pub(super) grad: &'a mut [f32],
    /// `[units]`: what joins it first.
    pub(super) terms: Option<&'a [f32]>,
    /// That of the step that comes next, as in [`StepRow`]: never read.
    pub(super) next_terms: *const f32,
    /// `[units]`, or empty: the gradient of the cell state, new and old.
    pub(super) cell_grad: &'a mut [f32],
    /// `[gates · units]`: gets the gradients of the hidden state's products.
    pub(super) product_grad: &'a mut [f32],
    /// As in [`StepRow`].
    pub(super) next: *const f32,
}

impl<C: Cell> Kernel for StepBackRow<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let units = self.units;
        assert!(self.gates.len() == C::GATES * units);
        assert!(self.product_grad.len() == self.gates.len() && self.grad.len() == units);
        assert!(self.cell_grad.len() == units || !C::HAS_CELL);
        assert!(self.extra.len() == units || !C::SAVES_EXTRA);
        assert!(self.state.is_none_or(|state| state.len() == units));
        assert!(self.terms.is_none_or(|terms| terms.len() == units));
        let mut row = StepBackPointers {
            cell: self.cell,
            units,
            gates: self.gates.as_mut_ptr(),
            extra: self.extra.as_mut_ptr(),
            state: self.state.map_or(std::ptr::null(), <[f32]>::as_ptr),
            grad: self.grad.as_mut_ptr(),
            terms: self.terms.map_or(std::ptr::null(), <[f32]>::as_ptr),
            next_terms: self.next_terms,
            cell_grad: self.cell_grad.as_mut_ptr(),
            product_grad: self.product_grad.as_mut_ptr(),
            next: self.next,
        };
        // SAFETY: every array has one row of `units` values, or one a gate: lengths were checked.
        unsafe { each_vector::<V, _>((0, units), &mut row) };
    }
}

struct StepBackPointers<C> {
    cell: C,
    units: usize,
    gates: *mut f32,
    extra: *mut f32,
    /// Null for zeros.
    state: *const f32,
    grad: *mut f32,
    /// Null for zeros.
    terms: *const f32,
    next_terms: *const f32,
    cell_grad: *mut f32,
    product_grad: *mut f32,
    next: *const f32,
}

impl<C: Cell> Units for StepBackPointers<C> {
    #[inline(always)]
    unsafe fn step<V: Vector>(&mut self, at: At) {
        let Self { cell, units, gates, extra, state, grad, terms, cell_grad, .. } = *self;
        let Self { product_grad, next, next_terms, .. } = *self;
        // SAFETY: by the trait's contract.
        unsafe {
            let mut saved = [V::zero(); MOST_GATES];
            let mut gate = 0;
            while gate < C::GATES {
                prefetch(next.wrapping_add(gate * units + at.start()));
                saved[gate] = at.load(gates.add(gate * units));
                gate += 1;
            }
            let old = if state.is_null() { V::zero() } else { at.load(state) };
            let extra_value = if C::SAVES_EXTRA { at.load(extra) } else { V::zero() };
            let cell_grad_value = if C::HAS_CELL { at.load(cell_grad) } else { V::zero() };
            prefetch(next_terms.wrapping_add(at.start()));
            let mut grad_value: V = at.load(grad);
            if !terms.is_null() {
                grad_value = grad_value.add(at.load(terms));
            }
            let back = cell.backward(saved, extra_value, old, grad_value, cell_grad_value);
            let mut gate = 0;
            while gate < C::GATES {
                at.store(back.input[gate], gates.add(gate * units));
                at.store(back.hidden[gate], product_grad.add(gate * units));
                gate += 1;
            }
            at.store(back.direct, grad);
            if C::HAS_CELL {
                at.store(back.cell, cell_grad);
            } else if C::SAVES_EXTRA {
                at.store(back.hidden[C::GATES - 1], extra);
            }
        }
    }
}
