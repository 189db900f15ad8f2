//! One step of one batch item: all gates in one pass over its units.

use super::cell::{Cell, MOST_GATES};
use crate::kernels::cpu::at::{At, each_at};
use crate::kernels::cpu::isa::Kernel;
use crate::kernels::cpu::vector::Vector;

/// A step of one item.
pub(super) struct StepRow<'a, C> {
    pub(super) cell: C,
    pub(super) units: usize,
    /// `[gates · units]`: the products with the input; becomes the activated gates.
    pub(super) gates: &'a mut [f32],
    /// `[gates · units]`: the products with the hidden state.
    pub(super) product: &'a [f32],
    /// `[units]`: the hidden state, old and new (under a projection: what is projected).
    pub(super) hidden: &'a mut [f32],
    /// `[units]`, or empty: the cell state, old and new.
    pub(super) state: &'a mut [f32],
    /// `[units]`, or empty where nothing is saved.
    pub(super) extra: &'a mut [f32],
}

impl<C: Cell> Kernel for StepRow<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { cell, units, gates, product, hidden, state, extra } = self;
        assert!(gates.len() == C::GATES * units && product.len() == gates.len());
        assert!(hidden.len() == units && (state.len() == units || !C::HAS_CELL));
        let saves = C::SAVES_EXTRA && !extra.is_empty();
        assert!(extra.len() == units || !saves);
        let (gates, hidden, product) = (gates.as_mut_ptr(), hidden.as_mut_ptr(), product.as_ptr());
        let (state, extra) = (state.as_mut_ptr(), extra.as_mut_ptr());
        each_at::<V>(units, |at: At| {
            // SAFETY: `at` lies within `units` values, and each pointer has that many, or as many
            // a gate, from where it is read or written: checked above.
            unsafe {
                let (mut x, mut h) = ([V::zero(); MOST_GATES], [V::zero(); MOST_GATES]);
                let mut gate = 0;
                while gate < C::GATES {
                    x[gate] = at.load(gates.add(gate * units));
                    h[gate] = at.load(product.add(gate * units));
                    gate += 1;
                }
                let old = at.load(if C::HAS_CELL { state } else { hidden });
                let step = cell.forward(x, h, old);
                let mut gate = 0;
                while gate < C::GATES {
                    at.store(step.gates[gate], gates.add(gate * units));
                    gate += 1;
                }
                at.store(step.output, hidden);
                if C::HAS_CELL {
                    at.store(step.extra, state);
                }
                if saves {
                    at.store(step.extra, extra);
                }
            }
        });
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
    /// `[units]`, or empty: the gradient of the cell state, new and old.
    pub(super) cell_grad: &'a mut [f32],
    /// `[gates · units]`: gets the gradients of the hidden state's products.
    pub(super) product_grad: &'a mut [f32],
}

impl<C: Cell> Kernel for StepBackRow<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { cell, units, gates, extra, state, grad, cell_grad, product_grad } = self;
        assert!(gates.len() == C::GATES * units && product_grad.len() == gates.len());
        assert!(grad.len() == units && (cell_grad.len() == units || !C::HAS_CELL));
        assert!(extra.len() == units || !C::SAVES_EXTRA);
        assert!(state.is_none_or(|state| state.len() == units));
        let (gates, product_grad) = (gates.as_mut_ptr(), product_grad.as_mut_ptr());
        let (extra, grad, cell_grad) =
            (extra.as_mut_ptr(), grad.as_mut_ptr(), cell_grad.as_mut_ptr());
        each_at::<V>(units, |at: At| {
            // SAFETY: as in `StepRow`.
            unsafe {
                let mut saved = [V::zero(); MOST_GATES];
                let mut gate = 0;
                while gate < C::GATES {
                    saved[gate] = at.load(gates.add(gate * units));
                    gate += 1;
                }
                let old = state.map_or(V::zero(), |state| at.load(state.as_ptr()));
                let extra_value = if C::SAVES_EXTRA { at.load(extra) } else { V::zero() };
                let cell_grad_value = if C::HAS_CELL { at.load(cell_grad) } else { V::zero() };
                let back = cell.backward(saved, extra_value, old, at.load(grad), cell_grad_value);
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
        });
    }
}
