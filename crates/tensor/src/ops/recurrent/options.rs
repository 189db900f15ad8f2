//! What a recurrent layer is given besides its input.

use super::PreparedRecurrent;
use crate::tensor::Tensor;

/// Which recurrent cell. Blocks of gates stand side by side in the weights' columns, in the order
/// given here; `x` and `h` are the products with the input and with the hidden state, each with
/// its bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecurrentCell {
    /// `h' = tanh(x + h)` (Elman 1990).
    RnnTanh,
    /// `h' = max(0, x + h)`.
    RnnRelu,
    /// The gated recurrent unit (Cho et al. 2014), gates `r z n`: `r = σ(x_r + h_r)`,
    /// `z = σ(x_z + h_z)`, `n = tanh(x_n + r h_n)`, `h' = (1 - z) n + z h`.
    Gru,
    /// Long short-term memory (Hochreiter and Schmidhuber 1997), gates `i f g o`:
    /// `i, f, o = σ(x + h)`, `g = tanh(x + h)`, `c' = f c + i g`, `h' = o tanh(c')`.
    Lstm,
}

impl RecurrentCell {
    /// Blocks of columns of the weights.
    pub fn gates(self) -> usize {
        match self {
            Self::RnnTanh | Self::RnnRelu => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }

    /// Whether there is a cell state beside the hidden state.
    pub fn has_cell(self) -> bool {
        self == Self::Lstm
    }
}

/// What makes each step's product with the input.
#[derive(Clone, Copy, Debug)]
pub enum RecurrentInput<'a> {
    /// `[inputs, gates · units]`: a step's features are multiplied with this weight.
    Weight(&'a Tensor),
    /// Integers `[batch, time]`: the layer's input is a table `[rows, gates · units]` of products,
    /// their bias included, and each step takes the row named here. Few different rows are
    /// multiplied once each, not at every step.
    Rows(&'a Tensor),
}

impl<'a> RecurrentInput<'a> {
    /// The tensor, of either kind.
    pub(super) fn tensor(self) -> &'a Tensor {
        match self {
            Self::Weight(tensor) | Self::Rows(tensor) => tensor,
        }
    }

    /// The weight, if it is one.
    pub(super) fn weight(self) -> Option<&'a Tensor> {
        match self {
            Self::Weight(weight) => Some(weight),
            Self::Rows(_) => None,
        }
    }
}

/// The weights of one layer in one direction.
#[derive(Clone, Copy, Debug)]
pub struct RecurrentWeights<'a> {
    /// The input's weight, or rows of products with it.
    pub input: RecurrentInput<'a>,
    /// `[outputs, gates · units]`; `outputs` is `units` without a projection.
    pub hidden: &'a Tensor,
    /// `[gates · units]`, added to the product with the input; absent with rows.
    pub input_bias: Option<&'a Tensor>,
    /// `[gates · units]`, added to the product with the hidden state.
    pub hidden_bias: Option<&'a Tensor>,
    /// `[units, outputs]`: an LSTM's hidden state is this product of `o tanh(c')` (Sak et al.
    /// 2014).
    pub projection: Option<&'a Tensor>,
}

/// How a recurrent layer runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecurrentOptions<'a> {
    /// From the last step of each item to its first.
    pub reverse: bool,
    /// Integers `[batch]`: how many steps of each item count, from 1 to `time`. Outputs after
    /// them are zeros.
    pub lengths: Option<&'a Tensor>,
    /// `[batch, outputs]`: the hidden state at first; zeros where absent.
    pub hidden: Option<&'a Tensor>,
    /// `[batch, units]`: the cell state at first; zeros where absent.
    pub cell: Option<&'a Tensor>,
    /// Whether gradients flow through the state at last. Otherwise it is given as values.
    pub differentiable_state: bool,
    /// Whether backward computes the steps anew, to the same bits, rather than reading what the
    /// way forward saved: a third more work, and for long sequences a fraction of the memory. At
    /// any time only the gates of one part are there: of about 320 steps, or of shorter sequences
    /// eight for each thread. A simple cell, whose only gate is its output, saves nothing anyway.
    pub recompute: bool,
    /// The weights as many calls with a few steps each share them. Others than those that the
    /// layer is given are ignored.
    pub prepared: Option<&'a PreparedRecurrent>,
}

/// What a recurrent layer gives.
#[derive(Clone, Debug)]
pub struct RecurrentOutput {
    /// `[batch, time, outputs]`: the hidden state after each step.
    pub sequence: Tensor,
    /// `[batch, outputs]`: the hidden state after the last step of each item.
    pub hidden: Tensor,
    /// `[batch, units]`: an LSTM's cell state likewise.
    pub cell: Option<Tensor>,
}
