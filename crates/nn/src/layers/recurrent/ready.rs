//! The weights of a recurrent layer as products read them, from one evaluation to the next.

use std::sync::{Mutex, PoisonError};

use glassbox_tensor::{PreparedRecurrent, RecurrentWeights};

use crate::context::Cx;

/// Weights that were packed for an evaluation: at small batches that costs a good part of it. They
/// are let go where a graph is recorded, since its optimizer would have to copy shared weights.
#[derive(Debug, Default)]
pub(super) struct Ready(Mutex<Option<PreparedRecurrent>>);

impl Ready {
    /// `weights`, packed, unless `cx` records a graph.
    pub(super) fn get(&self, weights: &RecurrentWeights<'_>, cx: &Cx) -> Option<PreparedRecurrent> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cx.is_recording() {
            *kept = None;
            return None;
        }
        match &*kept {
            Some(prepared) if prepared.is_of(weights) => Some(prepared.clone()),
            _ => Some(kept.insert(PreparedRecurrent::new(weights)).clone()),
        }
    }
}

/// A copy of a layer packs its own.
impl Clone for Ready {
    fn clone(&self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use glassbox_tensor::{Rng, Tensor};

    use crate::walk::{SlotMut, walk_mut};
    use crate::{Cx, Module, Sequential};

    #[test]
    fn evaluations_see_the_weights_of_now() {
        let mut model = Sequential::input([5, 3]).lstm(8).build(7).unwrap();
        let mut rng = Rng::new(5);
        let input = Tensor::build([2, 5, 3], |out| rng.fill_normal(out));
        let evaluate = |model: &Sequential| model.forward(&input, &mut Cx::eval()).to_vec();
        let before = evaluate(&model);
        assert_eq!(evaluate(&model), before);
        walk_mut(&mut model, |_, slot| {
            let SlotMut::Param(param) = slot else { return };
            param.update(|values| values.iter_mut().for_each(|x| *x *= 2.0));
        });
        let after = evaluate(&model);
        assert_ne!(after, before);
        let recorded = model.forward(&input, &mut Cx::eval().recording(true));
        assert_eq!(recorded.to_vec(), after);
    }
}
