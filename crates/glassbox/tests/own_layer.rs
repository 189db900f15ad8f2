//! A layer of one's own, of a derive and a `forward`, is a layer like any other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use glassbox::checkpoint::{load_weights, save_weights};
use glassbox::data::{DataConfig, LoaderConfig, Part};
use glassbox::nn::{Dense, DenseConfig, Graph, state};
use glassbox::prelude::*;

#[derive(Parameters)]
struct Gated {
    value: Dense,
    gate: Dense,
}

impl Module for Gated {
    fn forward(&self, x: &Tensor, cx: &mut Cx) -> Tensor {
        let gate = cx.call("gate", &self.gate, x).sigmoid();
        cx.call("value", &self.value, x).mul(&gate)
    }
}

fn model(inputs: usize) -> Graph {
    let mut rng = Rng::new(7);
    let mut dense = || Dense::new(&DenseConfig::new(12), inputs, &mut rng);
    let own = Gated { value: dense(), gate: dense() };
    let head = Sequential::input([12]).dense(10).build(8).unwrap();
    let start = Sequential::input([8, 8, 1]).flatten().build(7).unwrap();
    start.with_module(own, [12]).with_module(head, [10])
}

#[test]
fn it_trains_is_saved_loaded_and_summarized() {
    let data = DataConfig::default().prepare(".".as_ref()).unwrap();
    let train =
        data.train_loader(&[], LoaderConfig { seed: 7, ..LoaderConfig::default() }).unwrap();
    let config = TrainConfig { epochs: 4, ..TrainConfig::default() };
    let mut trainer = Trainer::new(model(64), config);
    trainer.fit(&train, None).unwrap();
    let scores = trainer.evaluate(&data.eval_loader(Part::Test, 256)).unwrap();
    assert!(scores.get("accuracy").unwrap() > 0.8, "{scores:?}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.safetensors");
    save_weights(trainer.model(), &path, Default::default()).unwrap();
    let mut loaded = model(64);
    load_weights(&mut loaded, &path).unwrap();
    let weights = |model: &Graph| state(model).into_iter().map(|(n, v)| (n, v.to_vec()));
    assert!(weights(&loaded).eq(weights(trainer.model())));
    assert!(state(&loaded).contains_key("1.gate.weight"));

    let summary = loaded.summary().unwrap();
    assert_eq!(summary.rows[1].description, "Gated");
    assert_eq!(summary.rows[1].cost.parameters, 2 * (64 * 12 + 12));
}

#[test]
fn its_errors_name_it() {
    let wrong = model(63);
    let run = || wrong.forward(&Tensor::zeros([2, 8, 8, 1]), &mut Cx::eval());
    let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("gate of layer 1 (dense) expects 63 inputs"), "{text}");
}
