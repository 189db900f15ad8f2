//! What recurrent layers remember from one call to the next.

use glassbox_tensor::Tensor;

/// What the recurrent layers of a model remember between windows of a long sequence: for truncated
/// backpropagation through time, and for making a sequence step by step. It starts as zeros, and
/// no gradient flows through it.
///
/// ```
/// use glassbox_nn::{Cx, Module, RecurrentState, Sequential};
/// use glassbox_tensor::Tensor;
///
/// let model = Sequential::input([6, 3]).gru(4).build(7)?;
/// let sequence = Tensor::ones([1, 6, 3]);
/// let whole = model.forward(&sequence, &mut Cx::eval());
///
/// let (mut state, mut cx) = (RecurrentState::default(), Cx::eval());
/// model.forward_with_state(&sequence.slice(1, 0..4), &mut state, &mut cx);
/// let rest = model.forward_with_state(&sequence.slice(1, 4..6), &mut state, &mut cx);
/// let (rest, whole) = (rest.to_vec(), whole.to_vec());
/// assert!(rest.iter().zip(&whole[16..]).all(|(a, b)| (a - b).abs() < 1e-6));
/// # Ok::<(), glassbox_nn::BuildError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RecurrentState {
    /// One for each layer that goes forward in time, in the order in which they run.
    layers: Vec<LayerState>,
    /// Whether single steps round weights to half precision.
    half: bool,
    next: usize,
}

/// The state of one layer.
#[derive(Clone, Debug)]
pub struct LayerState {
    /// The hidden state, `[batch, outputs]`.
    pub hidden: Tensor,
    /// The cell state of an LSTM, `[batch, units]`.
    pub cell: Option<Tensor>,
}

impl RecurrentState {
    /// The state of these layers, in the order in which they run: one that was saved.
    pub fn from_layers(layers: Vec<LayerState>) -> Self {
        Self { layers, ..Self::default() }
    }

    /// The same for single steps with weights rounded to half precision: see
    /// [`PreparedRecurrent::half`](glassbox_tensor::PreparedRecurrent::half). Windows of several steps are not rounded.
    #[must_use]
    pub fn in_half_precision(self) -> Self {
        Self { half: true, ..self }
    }

    /// Whether this is the start of a sequence: zeros for any batch.
    pub fn is_start(&self) -> bool {
        self.layers.is_empty()
    }

    /// How many items it holds the state of; `None` at the start.
    pub fn batch(&self) -> Option<usize> {
        self.layers.first().map(|layer| layer.hidden.dims()[0])
    }

    /// Back to the start.
    pub fn reset(&mut self) {
        self.layers.clear();
    }

    /// The state of these items of the batch, which may repeat: where some sequences end before
    /// others, or several continue from one.
    ///
    /// # Panics
    /// When an item is out of range.
    #[track_caller]
    #[must_use]
    pub fn select(&self, items: &[usize]) -> Self {
        let rows: Vec<i32> = items.iter().map(|&item| item as i32).collect();
        let rows = Tensor::from_i32(&rows, [items.len()]);
        let picked = |layer: &LayerState| LayerState {
            hidden: layer.hidden.index_select(0, &rows),
            cell: layer.cell.as_ref().map(|cell| cell.index_select(0, &rows)),
        };
        let layers = self.layers.iter().map(picked).collect();
        Self { layers, half: self.half, next: 0 }
    }

    /// The states of the layers, in the order in which they run.
    pub fn layers(&self) -> &[LayerState] {
        &self.layers
    }

    /// Makes the next call begin with the first layer.
    pub(crate) fn rewind(&mut self) {
        self.next = 0;
    }

    /// What the next layer remembers; `None` for zeros.
    pub(crate) fn current(&self) -> Option<LayerState> {
        self.layers.get(self.next).cloned()
    }

    /// Whether single steps round weights to half precision.
    pub(crate) fn is_half(&self) -> bool {
        self.half
    }

    /// Remembers the next layer's state for later, apart from anything that shares its values.
    pub(crate) fn remember(&mut self, hidden: &Tensor, cell: Option<&Tensor>) {
        let copy = |x: &Tensor| Tensor::from_slice(x.as_slice(), x.shape());
        let state = LayerState { hidden: copy(hidden), cell: cell.map(copy) };
        match self.layers.get_mut(self.next) {
            Some(layer) => *layer = state,
            None => self.layers.push(state),
        }
        self.next += 1;
    }
}
