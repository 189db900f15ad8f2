//! What observers see of steps without items.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use glassbox_nn::{Graph, Loss, Sequential};

use super::*;
use crate::config::TrainConfig;
use crate::data::{Dataset, InputStore, LoaderConfig, Targets, Transform};
use crate::observers::Interrupt;

/// Twelve items in batches of four, of which those of the first are all of the ignored class.
fn loader() -> Loader {
    let labels = (0..12).map(|item| if item < 4 { 2 } else { item % 2 }).collect();
    let names = ["a", "b", "none"].map(String::from).to_vec();
    let inputs = InputStore::F32((0..24).map(|x| (x % 7) as f32).collect());
    let data = Dataset::new("test", [2], inputs, Targets::Classes { labels, names }).unwrap();
    let order = LoaderConfig { batch_size: 4, shuffle: false, ..LoaderConfig::default() };
    Loader::new(Arc::new(data), (0..12).collect::<Vec<_>>(), Transform::default(), order)
}

fn trainer() -> Trainer<Graph> {
    let model = Sequential::input([2]).dense(3).build(7).unwrap();
    let loss = r#"{"type":"cross_entropy","ignore_index":2}"#;
    let loss: Loss = serde_json::from_str(loss).unwrap();
    Trainer::new(model, TrainConfig { epochs: 2, loss, ..TrainConfig::default() })
}

#[test]
fn the_first_loss_is_that_of_the_first_step_that_counts() {
    let mut trainer = trainer();
    let loader = loader();
    trainer.fit(&loader, None).unwrap();
    let first = trainer.progress().first_loss.unwrap();
    assert!(first > 0.0);
    // Later steps leave it alone, also after a pause.
    trainer.config.epochs = 3;
    trainer.fit(&loader, None).unwrap();
    assert_eq!(trainer.progress().first_loss, Some(first));
}

#[test]
fn a_step_without_items_serves_interrupts() {
    let raised = Arc::new(AtomicBool::new(true));
    let mut interrupted = trainer().observe(Interrupt::new(raised));
    let report = interrupted.fit(&loader(), None).unwrap();
    assert_eq!((report.steps, report.stopped), (1, Some(StopReason::Interrupted)));
}
