//! A convolutional network listed layer by layer, trained on the embedded digits, evaluated.
//!
//! ```text
//! cargo run --release -p glassbox --example sequential
//! ```

use glassbox::data::{DataConfig, LoaderConfig, Part};
use glassbox::optim::OptimizerConfig;
use glassbox::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The 1,797 handwritten digits in the binary, split 70/10/20 by class.
    let data = DataConfig::default().prepare(".".as_ref())?;
    let train = data.train_loader(&[], LoaderConfig { seed: 7, ..LoaderConfig::default() })?;
    let valid = data.eval_loader(Part::Valid, 256);

    // Widths follow from the layer before; an impossible layer is an error that names it.
    let model = Sequential::input([8, 8, 1])
        .conv2d(16, 3)
        .batch_norm()
        .relu()
        .conv2d(32, 3)
        .batch_norm()
        .relu()
        .flatten()
        .dropout(0.2)
        .dense(10)
        .build(7)?;

    let config = TrainConfig {
        epochs: 5,
        optimizer: OptimizerConfig::Adam(Adam { lr: 2e-3, ..Adam::default() }),
        seed: 7,
        ..TrainConfig::default()
    };
    let mut trainer = Trainer::new(model, config);
    let report = trainer.fit(&train, Some(&valid))?;

    let test = data.eval_loader(Part::Test, 256);
    let scores = trainer.evaluate(&test)?;
    let accuracy = scores.get("accuracy").unwrap_or(0.0);
    println!("{} steps, test accuracy {:.1} %", report.steps, 100.0 * accuracy);
    Ok(())
}
