//! A model as a struct: fields are layers, the walk over their parameters is derived, the forward
//! pass is plain code.
//!
//! ```text
//! cargo run --release -p glassbox --example derive
//! ```

use glassbox::data::{DataConfig, LoaderConfig, Part};
use glassbox::nn::{Dense, DenseConfig};
use glassbox::prelude::*;

/// Two hidden layers with a shortcut around the second.
#[derive(Parameters)]
struct Shortcut {
    first: Dense,
    second: Dense,
    head: Dense,
}

impl Shortcut {
    fn new(inputs: usize, width: usize, classes: usize, rng: &mut Rng) -> Self {
        let mut dense = |units, inputs| Dense::new(&DenseConfig::new(units), inputs, rng);
        Self {
            first: dense(width, inputs),
            second: dense(width, width),
            head: dense(classes, width),
        }
    }
}

impl Module for Shortcut {
    fn forward(&self, input: &Tensor, cx: &mut Cx) -> Tensor {
        let batch = input.dims()[0];
        let x = input.reshape([batch, input.elements() / batch]);
        let x = cx.call("first", &self.first, &x).relu();
        let x = &x + &cx.call("second", &self.second, &x).relu();
        cx.call("head", &self.head, &x)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = DataConfig::default().prepare(".".as_ref())?;
    let train = data.train_loader(&[], LoaderConfig { seed: 7, ..LoaderConfig::default() })?;
    let model = Shortcut::new(64, 64, 10, &mut Rng::new(7));
    println!("{} parameters", glassbox::nn::parameter_count(&model));

    let mut trainer = Trainer::new(model, TrainConfig { epochs: 20, ..TrainConfig::default() });
    trainer.fit(&train, Some(&data.eval_loader(Part::Valid, 256)))?;

    let test = data.eval_loader(Part::Test, 256);
    let scores = trainer.evaluate(&test)?;
    println!("test accuracy {:.1} %", 100.0 * scores.get("accuracy").unwrap_or(0.0));
    Ok(())
}
