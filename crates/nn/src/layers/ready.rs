//! Weights as kernels read them, from one evaluation to the next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::context::Cx;

/// Weights that were prepared for an evaluation: for few items that costs a good part of it. They
/// are let go where a graph is recorded, since its optimizer would have to copy shared weights.
#[derive(Debug)]
pub(super) struct Ready<P> {
    kept: Mutex<Option<P>>,
    /// Whether there is any, without the lock: a tiny layer's step would notice it.
    keeps: AtomicBool,
}

impl<P: Clone> Ready<P> {
    /// What is kept, if it `is_of` the weights of now, else what `prepare` makes of them; nothing
    /// where `cx` records a graph.
    #[inline]
    pub(super) fn get(
        &self,
        cx: &Cx,
        is_of: impl FnOnce(&P) -> bool,
        prepare: impl FnOnce() -> Option<P>,
    ) -> Option<P> {
        if cx.is_recording() && !self.keeps.load(Ordering::Relaxed) {
            return None;
        }
        self.get_locked(cx, is_of, prepare)
    }

    /// Apart, so that layers are not made larger by it.
    #[inline(never)]
    fn get_locked(
        &self,
        cx: &Cx,
        is_of: impl FnOnce(&P) -> bool,
        prepare: impl FnOnce() -> Option<P>,
    ) -> Option<P> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if cx.is_recording() {
            *kept = None;
        } else if !kept.as_ref().is_some_and(is_of) {
            *kept = prepare();
        }
        self.keeps.store(kept.is_some(), Ordering::Relaxed);
        kept.clone()
    }
}

impl<P> Default for Ready<P> {
    fn default() -> Self {
        Self { kept: Mutex::new(None), keeps: AtomicBool::new(false) }
    }
}

/// A copy of a layer prepares its own.
impl<P> Clone for Ready<P> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use glassbox_tensor::{Rng, Tensor};

    use crate::walk::{SlotMut, walk_mut};
    use crate::{Cx, Graph, Module, Sequential};

    fn evaluations_see_the_weights_of_now(mut model: Graph, batch: &[usize]) {
        let mut rng = Rng::new(5);
        let input = Tensor::build(batch, |out| rng.fill_normal(out));
        let evaluate = |model: &Graph| model.forward(&input, &mut Cx::eval()).to_vec();
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

    #[test]
    fn recurrent_layers() {
        let model = Sequential::input([5, 3]).lstm(8).build(7).unwrap();
        evaluations_see_the_weights_of_now(model, &[2, 5, 3]);
    }

    #[test]
    fn dense_layers() {
        let model = Sequential::input([70]).dense(60).relu().dense(80).build(7).unwrap();
        evaluations_see_the_weights_of_now(model, &[8, 70]);
    }

    #[test]
    fn convolutions() {
        let model = Sequential::input([8, 8, 32]).conv2d(32, 3).conv2d(24, 5).build(7).unwrap();
        evaluations_see_the_weights_of_now(model, &[2, 8, 8, 32]);
    }
}
