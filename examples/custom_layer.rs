//! A layer of one's own inside a `Graph`: squeeze and excitation (Hu, Shen and Sun 2018),
//! which weighs channels by what the whole image shows.
//!
//! ```text
//! cargo run --release -p glassbox --example custom_layer
//! ```

use glassbox::data::{DataConfig, LoaderConfig, Part};
use glassbox::nn::{Dense, DenseConfig};
use glassbox::prelude::*;

/// `y = x · sigmoid(W₂ relu(W₁ mean(x)))`, one factor per channel.
#[derive(Parameters)]
struct SqueezeExcite {
    squeeze: Dense,
    excite: Dense,
}

impl SqueezeExcite {
    fn new(channels: usize, reduction: usize, rng: &mut Rng) -> Self {
        let inner = (channels / reduction).max(1);
        Self {
            squeeze: Dense::new(&DenseConfig::new(inner), channels, rng),
            excite: Dense::new(&DenseConfig::new(channels), inner, rng),
        }
    }
}

impl Module for SqueezeExcite {
    /// `[batch, height, width, channels]` in and out.
    fn forward(&self, x: &Tensor, cx: &mut Cx) -> Tensor {
        let seen = x.mean([1, 2]);
        let squeezed = cx.call("squeeze", &self.squeeze, &seen).relu();
        let weights = cx.call("excite", &self.excite, &squeezed).sigmoid();
        let &[batch, channels] = weights.dims() else { unreachable!("one weight per channel") };
        x * &weights.reshape([batch, 1, 1, channels])
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = DataConfig::default().prepare(".".as_ref())?;
    let mut rng = Rng::new(7);

    // A part of the network by its layers, then the new layer, then the rest.
    let features = Sequential::input([8, 8, 1]).conv2d(16, 3).relu().build(7)?;
    let shape = features.output_shape();
    let head = Sequential::input(shape).flatten().dense(10).build(8)?;
    let model =
        features.with_module(SqueezeExcite::new(16, 4, &mut rng), shape).with_module(head, [10]);

    let train = data.train_loader(&[], LoaderConfig { seed: 7, ..LoaderConfig::default() })?;
    let mut trainer = Trainer::new(model, TrainConfig { epochs: 10, ..TrainConfig::default() });
    trainer.fit(&train, Some(&data.eval_loader(Part::Valid, 256)))?;
    let test = data.eval_loader(Part::Test, 256);
    let scores = trainer.evaluate(&test)?;
    println!("test accuracy {:.1} %", 100.0 * scores.get("accuracy").unwrap_or(0.0));
    Ok(())
}
