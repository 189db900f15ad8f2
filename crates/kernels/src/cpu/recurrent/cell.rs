//! The recurrent cells: what one step does to one lane.

use crate::activation::{Activation, FusedActivation};
use crate::cpu::math::{sigmoid, tanh};
use crate::cpu::vector::Vector;

/// The most gates of any cell.
pub(super) const MOST_GATES: usize = 4;

/// A recurrent cell. Its methods must be `#[inline(always)]`.
pub trait Cell: Copy + Send + Sync {
    /// Blocks of columns of its weights.
    const GATES: usize;
    /// Whether a step saves one more value a unit than its gates.
    const SAVES_EXTRA: bool;
    /// Whether there is a cell state beside the hidden state.
    const HAS_CELL: bool;

    /// One step: from the products with the input and with the hidden state, and the old state
    /// (the cell's where there is one, else the hidden state).
    fn forward<V: Vector>(
        self,
        input: [V; MOST_GATES],
        hidden: [V; MOST_GATES],
        state: V,
    ) -> Step<V>;

    /// Back through one step: `grad` is the gradient of its output, `cell_grad` of its new cell
    /// state.
    fn backward<V: Vector>(
        self,
        gates: [V; MOST_GATES],
        extra: V,
        state: V,
        grad: V,
        cell_grad: V,
    ) -> StepGrad<V>;
}

/// What a step gives.
pub struct Step<V> {
    /// The gates after their activations, saved for the way back.
    pub(super) gates: [V; MOST_GATES],
    /// The new cell state, or the extra value that is saved.
    pub(super) extra: V,
    /// The new hidden state (of an LSTM with a projection: what is projected).
    pub(super) output: V,
}

/// What going back through a step gives.
pub struct StepGrad<V> {
    /// The gradients of the products with the input.
    pub(super) input: [V; MOST_GATES],
    /// The gradients of the products with the hidden state.
    pub(super) hidden: [V; MOST_GATES],
    /// What reaches the old hidden state other than through its product.
    pub(super) direct: V,
    /// The gradient of the old cell state.
    pub(super) cell: V,
}

/// `h' = f(x + h)` (Elman 1990); `x` and `h` stand for the products with the weights.
#[derive(Clone, Copy)]
pub struct Rnn(pub Activation);

impl Cell for Rnn {
    const GATES: usize = 1;
    const SAVES_EXTRA: bool = false;
    const HAS_CELL: bool = false;

    #[inline(always)]
    fn forward<V: Vector>(self, x: [V; MOST_GATES], h: [V; MOST_GATES], _: V) -> Step<V> {
        let output = self.0.apply_vector(x[0].add(h[0]));
        let mut gates = [V::zero(); MOST_GATES];
        gates[0] = output;
        Step { gates, extra: V::zero(), output }
    }

    #[inline(always)]
    fn backward<V: Vector>(self, gates: [V; MOST_GATES], _: V, _: V, grad: V, _: V) -> StepGrad<V> {
        let mut both = [V::zero(); MOST_GATES];
        both[0] = grad.mul(self.0.derivative_from_output(gates[0]));
        StepGrad { input: both, hidden: both, direct: V::zero(), cell: V::zero() }
    }
}

/// The gated recurrent unit (Cho et al. 2014), with the reset gate applied after the product:
/// `r = σ(x_r + h_r)`, `z = σ(x_z + h_z)`, `n = tanh(x_n + r h_n)`, `h' = (1 - z) n + z h`.
#[derive(Clone, Copy)]
pub struct Gru;

impl Cell for Gru {
    const GATES: usize = 3;
    /// `h_n` going forward, its gradient after going back.
    const SAVES_EXTRA: bool = true;
    const HAS_CELL: bool = false;

    #[inline(always)]
    fn forward<V: Vector>(self, x: [V; MOST_GATES], h: [V; MOST_GATES], state: V) -> Step<V> {
        let reset = sigmoid(x[0].add(h[0]));
        let update = sigmoid(x[1].add(h[1]));
        let new = tanh(reset.mul_add(h[2], x[2]));
        let output = update.mul_add(state.sub(new), new);
        Step { gates: [reset, update, new, V::zero()], extra: h[2], output }
    }

    #[inline(always)]
    fn backward<V: Vector>(
        self,
        [reset, update, new, _]: [V; MOST_GATES],
        product: V,
        state: V,
        grad: V,
        _: V,
    ) -> StepGrad<V> {
        let one = V::splat(1.0);
        let d_new = grad.mul(one.sub(update)).mul(new.neg().mul_add(new, one));
        let d_update = grad.mul(state.sub(new)).mul(update.mul(one.sub(update)));
        let d_reset = d_new.mul(product).mul(reset.mul(one.sub(reset)));
        StepGrad {
            input: [d_reset, d_update, d_new, V::zero()],
            hidden: [d_reset, d_update, d_new.mul(reset), V::zero()],
            direct: grad.mul(update),
            cell: V::zero(),
        }
    }
}

/// Long short-term memory (Hochreiter and Schmidhuber 1997; with a forget gate, Gers et al. 2000):
/// `i, f, o = σ(x + h)`, `g = tanh(x + h)`, `c' = f c + i g`, `h' = o tanh(c')`.
#[derive(Clone, Copy)]
pub struct Lstm;

impl Cell for Lstm {
    const GATES: usize = 4;
    /// The new cell state.
    const SAVES_EXTRA: bool = true;
    const HAS_CELL: bool = true;

    #[inline(always)]
    fn forward<V: Vector>(self, x: [V; MOST_GATES], h: [V; MOST_GATES], state: V) -> Step<V> {
        let input = sigmoid(x[0].add(h[0]));
        let forget = sigmoid(x[1].add(h[1]));
        let new = tanh(x[2].add(h[2]));
        let output = sigmoid(x[3].add(h[3]));
        let cell = forget.mul_add(state, input.mul(new));
        Step { gates: [input, forget, new, output], extra: cell, output: output.mul(tanh(cell)) }
    }

    #[inline(always)]
    fn backward<V: Vector>(
        self,
        [input, forget, new, output]: [V; MOST_GATES],
        cell: V,
        state: V,
        grad: V,
        cell_grad: V,
    ) -> StepGrad<V> {
        let one = V::splat(1.0);
        let squashed = tanh(cell);
        let slope = squashed.neg().mul_add(squashed, one);
        let d_cell = grad.mul(output).mul_add(slope, cell_grad);
        let both = [
            d_cell.mul(new).mul(input.mul(one.sub(input))),
            d_cell.mul(state).mul(forget.mul(one.sub(forget))),
            d_cell.mul(input).mul(new.neg().mul_add(new, one)),
            grad.mul(squashed).mul(output.mul(one.sub(output))),
        ];
        StepGrad { input: both, hidden: both, direct: V::zero(), cell: d_cell.mul(forget) }
    }
}
