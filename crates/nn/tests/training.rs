//! A model trained end to end with a gradient step written by hand.

use glassbox_nn::{Cx, Loss, Module, Parameters, Sequential, SlotMut, load_state, state, walk_mut};
use glassbox_tensor::{Gradients, Tensor};

fn descend<M: Parameters>(model: &mut M, gradients: &Gradients, rate: f32) {
    walk_mut(model, |_, slot| {
        let SlotMut::Param(param) = slot else { return };
        let Some(gradient) = param.gradient(gradients) else { return };
        param.update(|values| {
            for (value, slope) in values.iter_mut().zip(gradient.as_slice()) {
                *value -= rate * slope;
            }
        });
    });
}

#[test]
fn xor_is_learned() {
    let inputs = Tensor::from_slice(&[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], [4, 2]);
    let classes = Tensor::from_i32(&[0, 1, 1, 0], [4]);
    let mut model = Sequential::input([2]).dense(16).tanh().dense(2).build(7).unwrap();
    let loss = Loss::default();
    let mut last = f32::INFINITY;
    for step in 0..500 {
        let mut cx = Cx::train(7, step);
        let value = loss.compute(&model.forward(&inputs, &mut cx), &classes);
        last = value.item();
        descend(&mut model, &value.backward(), 0.5);
    }
    assert!(last < 0.02, "{last}");
    let scores = model.forward(&inputs, &mut Cx::eval());
    assert_eq!(scores.argmax(-1).as_i32(), [0, 1, 1, 0]);

    let mut copy = Sequential::input([2]).dense(16).tanh().dense(2).build(8).unwrap();
    load_state(&mut copy, &state(&model)).unwrap();
    assert_eq!(copy.forward(&inputs, &mut Cx::eval()).to_vec(), scores.to_vec());
}

#[test]
fn a_convolutional_model_with_everything_learns_a_batch() {
    let mut model = Sequential::input([8, 8, 1])
        .conv2d(4, 3)
        .batch_norm()
        .relu()
        .residual(|block| block.conv2d(4, 1).batch_norm())
        .relu()
        .max_pool(2)
        .dropout(0.1)
        .flatten()
        .dense(3)
        .build(7)
        .unwrap();
    let mut rng = glassbox_tensor::Rng::new(3);
    let images = Tensor::build([12, 8, 8, 1], |out| out.fill_with(|| rng.normal()));
    let classes = Tensor::from_i32(&[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2], [12]);
    let (mut first, mut last) = (None, f32::INFINITY);
    for step in 0..60 {
        let mut cx = Cx::train(7, step);
        let value = Loss::default().compute(&model.forward(&images, &mut cx), &classes);
        last = value.item();
        first.get_or_insert(last);
        descend(&mut model, &value.backward(), 0.1);
        cx.commit(&mut model);
    }
    assert!(last < 0.2 * first.unwrap(), "{first:?} {last}");
    assert_eq!(state(&model)["1.num_batches_tracked"].item(), 60.0);
    let accuracy = model.forward(&images, &mut Cx::eval()).argmax(-1);
    assert_eq!(accuracy.as_i32(), classes.as_i32());
}
