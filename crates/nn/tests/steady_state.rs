//! A steady training step takes no buffer from the system and changes weights in place.

use glassbox_nn::{Cx, Graph, Loss, Module, Sequential, Slot, SlotMut, walk, walk_mut};
use glassbox_tensor::{Gradients, Rng, Tensor, pool};

fn addresses(model: &Graph) -> Vec<usize> {
    let mut addresses = Vec::new();
    walk(model, |_, slot| {
        addresses.push(match slot {
            Slot::Param(param) => param.value().as_slice().as_ptr() as usize,
            Slot::Buffer(buffer) => buffer.value().as_slice().as_ptr() as usize,
        });
    });
    addresses
}

#[test]
fn nothing_is_allocated_or_moved() {
    let mut model = Sequential::input([8, 8, 3])
        .conv2d(4, 3)
        .batch_norm()
        .relu()
        .residual(|block| block.conv2d(8, 1).batch_norm().gelu())
        .max_pool(2)
        .dropout(0.2)
        .flatten()
        .dense(5)
        .build(7)
        .unwrap();
    let mut rng = Rng::new(1);
    let images = Tensor::build([6, 8, 8, 3], |out| out.fill_with(|| rng.normal()));
    let classes = Tensor::from_i32(&[0, 1, 2, 3, 4, 0], [6]);
    let loss = Loss::default();
    let (mut gradients, mut cx) = (Gradients::default(), Cx::train(7, 0));
    let mut step = |model: &mut Graph, number: u64| {
        cx.start_step(7, number);
        gradients.clear();
        loss.compute(&model.forward(&images, &mut cx), &classes).backward_into(&mut gradients);
        walk_mut(model, |_, slot| {
            let SlotMut::Param(param) = slot else { return };
            let gradient = param.gradient(&gradients).expect("every weight has a gradient");
            param.update(|values| {
                values.iter_mut().zip(gradient.as_slice()).for_each(|(v, g)| *v -= 0.01 * g);
            });
        });
        cx.commit(model);
    };
    (0..3).for_each(|number| step(&mut model, number));
    let (buffers, places) = (pool::fresh_buffers(), addresses(&model));
    (3..10).for_each(|number| step(&mut model, number));
    assert_eq!(pool::fresh_buffers(), buffers);
    assert_eq!(addresses(&model), places);
}
