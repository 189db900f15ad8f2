//! A recurrent cell by itself, for loops of one's own.

use glassbox_tensor::{RecurrentCell, RecurrentOptions, Tensor};

use super::RecurrentLayer;
use crate::Parameters;
use crate::context::Cx;
use crate::recurrent_state::LayerState;

/// A recurrent cell that is called step by step, where the next input depends on what came out:
/// made by `cell` of a configuration, as in [`LstmConfig::cell`](crate::layers::LstmConfig::cell).
/// Over whole sequences the layer is far faster.
///
/// ```
/// use glassbox_nn::Cx;
/// use glassbox_nn::layers::GruConfig;
/// use glassbox_tensor::{Rng, Tensor};
///
/// let cell = GruConfig::new(4).cell(3, &mut Rng::new(7))?;
/// let (mut state, cx) = (None, Cx::eval());
/// for _ in 0..5 {
///     state = Some(cell.step(&Tensor::ones([2, 3]), state.as_ref(), &cx));
/// }
/// assert_eq!(state.expect("five steps").hidden.dims(), [2, 4]);
/// # Ok::<(), glassbox_nn::BuildError>(())
/// ```
#[derive(Clone, Debug, Parameters)]
pub struct RecurrentStep {
    /// Its weights.
    pub weights: RecurrentLayer,
    #[parameters(skip)]
    pub(super) cell: RecurrentCell,
}

impl RecurrentStep {
    /// From the input `[batch, inputs]` and the state before the step (zeros where absent) to the
    /// state after it, whose `hidden` is the output. Gradients flow through the state, so that a
    /// loop of steps trains through time.
    ///
    /// # Panics
    /// When the shapes do not fit each other.
    #[track_caller]
    pub fn step(&self, input: &Tensor, state: Option<&LayerState>, cx: &Cx) -> LayerState {
        let &[batch, features] = input.dims() else { panic!("a step of shape {}", input.shape()) };
        let weights = self.weights.on(cx);
        let weights = weights.borrowed();
        let prepared = self.weights.ready(&weights, false, cx);
        let options = RecurrentOptions {
            hidden: state.map(|state| &state.hidden),
            cell: state.and_then(|state| state.cell.as_ref()),
            differentiable_state: true,
            prepared: prepared.as_ref(),
            ..RecurrentOptions::default()
        };
        let input = input.reshape([batch, 1, features]);
        let after = input.recurrent(self.cell, &weights, &options);
        LayerState { hidden: after.hidden, cell: after.cell }
    }
}

#[cfg(test)]
mod tests {
    use glassbox_tensor::{Gradients, Rng};

    use super::*;
    use crate::layers::{GruConfig, LstmConfig, RnnConfig};
    use crate::{Slot, walk};

    /// Output and gradients of the sum of all outputs, for steps one by one and all at once.
    fn agrees(cell: &RecurrentStep) {
        let mut rng = Rng::new(3);
        let input = Tensor::build([2, 5, 3], |out| out.fill_with(|| rng.normal()));
        let mut cx = Cx::train(0, 0);
        let gradients = |outputs: &Tensor| {
            let mut gradients = Gradients::default();
            outputs.sum(..).backward_into(&mut gradients);
            let mut all = Vec::new();
            walk(cell, |_, slot| {
                let Slot::Param(param) = slot else { return };
                all.extend(gradients.get(&param.on(&Cx::train(0, 0))).unwrap().to_vec());
            });
            (outputs.to_vec(), all)
        };
        let (mut state, mut outputs) = (None, Vec::new());
        for step in 0..5 {
            let x = input.slice(1, step..step + 1).reshape([2, 3]);
            let after = cell.step(&x, state.as_ref(), &cx);
            outputs.push(after.hidden.reshape([2, 1, after.hidden.dims()[1]]));
            state = Some(after);
        }
        let one_by_one = gradients(&Tensor::concat(&outputs, 1));
        let options = RecurrentOptions::default();
        let whole = cell.weights.run(cell.cell, &input, &options, &mut cx);
        let at_once = gradients(&whole.sequence);
        for (a, b) in [(&one_by_one.0, &at_once.0), (&one_by_one.1, &at_once.1)] {
            assert!(a.len() == b.len() && !a.is_empty());
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4), "{:?}", cell.cell);
        }
    }

    #[test]
    fn steps_one_by_one_are_the_sequence() {
        let rng = &mut Rng::new(7);
        agrees(&RnnConfig::new(4).cell(3, rng).unwrap());
        agrees(&GruConfig::new(4).cell(3, rng).unwrap());
        agrees(&LstmConfig::new(4).cell(3, rng).unwrap());
        agrees(&LstmConfig { projection: Some(2), ..LstmConfig::new(4) }.cell(3, rng).unwrap());
        assert_eq!(GruConfig::new(0).cell(3, rng).unwrap_err().code, "GB0204");
    }
}
