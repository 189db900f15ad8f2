//! Training that diverges: what observers see and what is kept.

use std::sync::Arc;

use glassbox_nn::losses::MeanSquaredErrorConfig;
use glassbox_nn::{Graph, Loss, Sequential};

use super::*;
use crate::Task;
use crate::config::TrainConfig;
use crate::data::{Dataset, InputStore, Loader, LoaderConfig, Targets, Transform};
use crate::optim::{Adam, OptimizerConfig, Sgd};

/// `y = x` for `x` of this size, in one batch.
fn line(size: f32) -> Loader {
    let inputs: Vec<f32> = (1..=8).map(|i| i as f32 / 8.0 * size).collect();
    let values = inputs.iter().map(|x| f64::from(*x)).collect();
    let targets = Targets::Values { values, width: 1, names: vec!["y".into()] };
    let dataset = Dataset::new("line", [1], InputStore::F32(inputs), targets).unwrap();
    let config = LoaderConfig { batch_size: 8, ..LoaderConfig::default() };
    Loader::new(Arc::new(dataset), (0..8).collect::<Vec<_>>(), Transform::default(), config)
}

fn trainer(optimizer: OptimizerConfig, epochs: usize) -> Trainer<Graph> {
    let model = Sequential::input([1]).dense(1).build(7).unwrap();
    let loss = Loss::MeanSquaredError(MeanSquaredErrorConfig {});
    let config = TrainConfig { task: Task::Regress, epochs, loss, optimizer, ..Default::default() };
    Trainer::new(model, config)
}

#[test]
fn a_memory_of_the_optimizer_that_is_infinite_ends_training() {
    // The square of a gradient of 1e20 is infinite: Adam would never move that weight again.
    let adam = OptimizerConfig::Adam(Adam { lr: 1e-3, ..Adam::default() });
    let error = trainer(adam, 3).fit(&line(1e10), None).unwrap_err().to_string();
    assert!(
        error.contains("the training state became NaN or infinite at step 1 (epoch 1)"),
        "{error}"
    );
    assert!(error.contains("optimizer state 0.weight.second_moment"), "{error}");
    assert!(error.contains("help: data.normalize = \"standard\""), "{error}");
}

#[test]
fn a_loss_that_grew_is_told_and_one_that_fell_is_not() {
    let loader = line(1.0);
    for (lr, grows) in [(2.0, true), (0.1, false)] {
        let sgd = OptimizerConfig::Sgd(Sgd { lr, ..Sgd::default() });
        let mut trainer = trainer(sgd, 12);
        trainer.fit(&loader, None).unwrap();
        let growth = trainer.growth(&loader, None);
        assert_eq!(growth.is_some(), grows, "{growth:?}");
        // A first batch with a loss near 0 says nothing of a loss at the level of constant answers.
        let last = trainer.progress().last_loss.unwrap();
        assert_eq!(trainer.growth(&loader, Some(last)), None);
        if let Some(Growth { text, advice }) = growth {
            assert!(text.contains("GB0403") && text.contains("lr = 2 → 0.2"), "{text}");
            assert_eq!(advice, ["train.optimizer.lr=0.2"]);
        }
    }
}
