//! A training loop of one's own: forward, loss, backward, update, in plain sight.
//!
//! ```text
//! cargo run --release -p glassbox --example custom_loop
//! ```

use glassbox::prelude::*;
use glassbox::train::clip_by_norm;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // y = sin(3x) on 256 points.
    let mut rng = Rng::new(7);
    let xs: Vec<f32> = (0..256).map(|_| rng.range(-1.0, 1.0)).collect();
    let ys: Vec<f32> = xs.iter().map(|x| (3.0 * x).sin()).collect();
    let (inputs, targets) = (Tensor::from_vec(xs, [256, 1]), Tensor::from_vec(ys, [256, 1]));

    let mut model = Sequential::input([1]).dense(32).tanh().dense(32).tanh().dense(1).build(7)?;
    let mut optimizer = Optimizer::new(Adam { lr: 1e-2, ..Adam::default() });
    for step in 0..500 {
        // The context says that this pass trains, and gives layers their random numbers.
        let mut cx = Cx::train(7, step);
        let prediction = model.forward(&inputs, &mut cx);
        let loss = (&prediction - &targets).square().mean(..);
        let mut gradients = loss.backward();
        let norm = clip_by_norm(&model, &mut gradients, 1.0, 2.0);
        optimizer.step(&mut model, &gradients, &mut cx);
        if step % 100 == 99 {
            println!("step {:>3}  loss {:.6}  ‖grad‖ {norm:.3}", step + 1, loss.item());
        }
    }
    let x = Tensor::from_slice(&[0.5], [1, 1]);
    let y = model.forward(&x, &mut Cx::eval()).item();
    println!("sin(1.5) = {:.4}, the network says {y:.4}", 1.5f32.sin());
    Ok(())
}
