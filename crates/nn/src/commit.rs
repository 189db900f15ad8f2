//! What a step changes besides weights.

use crate::context::Cx;
use crate::walk::{Parameters, SlotMut, walk_mut};

impl Cx {
    /// Applies the queued changes to the buffers of `model`. Optimizers call it in their step.
    ///
    /// # Panics
    /// When a change belongs to a buffer that `model` does not have.
    #[track_caller]
    pub fn commit<M: Parameters + ?Sized>(&mut self, model: &mut M) {
        if self.updates.is_empty() {
            return;
        }
        let mut applied = 0;
        walk_mut(model, |_, slot| {
            let SlotMut::Buffer(buffer) = slot else { return };
            let id = buffer.id();
            for (_, update) in self.updates.iter().filter(|(of, _)| *of == id) {
                buffer.apply(update);
                applied += 1;
            }
        });
        let queued = self.updates.len();
        self.updates.clear();
        assert_eq!(applied, queued, "buffer changes that belong to the committed model");
    }
}

#[cfg(test)]
mod tests {
    use glassbox_tensor::Tensor;

    use super::*;
    use crate::buffer::{Buffer, BufferUpdate};

    #[test]
    fn changes_wait_for_the_commit_and_apply_in_order() {
        let mut model = vec![Buffer::new(Tensor::scalar(1.0)), Buffer::new(Tensor::scalar(0.0))];
        let mut cx = Cx::train(0, 0);
        cx.queue(&model[0], BufferUpdate::Blend { toward: Tensor::scalar(3.0), weight: 0.5 });
        cx.queue(&model[0], BufferUpdate::Blend { toward: Tensor::scalar(4.0), weight: 0.5 });
        cx.queue(&model[1], BufferUpdate::Add(Tensor::scalar(1.0)));
        assert_eq!((cx.queued(&model[0]), model[0].value().item()), (2, 1.0));
        cx.commit(&mut model);
        assert_eq!((model[0].value().item(), model[1].value().item()), (3.0, 1.0));
        assert_eq!(cx.queued(&model[0]), 0);
    }

    #[test]
    fn a_discarded_step_changes_nothing() {
        let mut model = vec![Buffer::new(Tensor::scalar(1.0))];
        let mut cx = Cx::train(0, 0);
        cx.queue(&model[0], BufferUpdate::Add(Tensor::scalar(1.0)));
        cx.discard();
        cx.commit(&mut model);
        assert_eq!(model[0].value().item(), 1.0);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "never committed")]
    fn forgetting_to_commit_is_noticed() {
        let buffer = Buffer::new(Tensor::scalar(1.0));
        Cx::train(0, 0).queue(&buffer, BufferUpdate::Add(Tensor::scalar(1.0)));
    }

    #[test]
    #[should_panic(expected = "belong to the committed model")]
    fn committing_to_another_model_is_noticed() {
        let buffer = Buffer::new(Tensor::scalar(1.0));
        let mut cx = Cx::train(0, 0);
        cx.queue(&buffer, BufferUpdate::Add(Tensor::scalar(1.0)));
        cx.commit(&mut vec![buffer.clone()]);
    }
}
