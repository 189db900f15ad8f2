use std::sync::Arc;

use glassbox_nn::{Loss, Sequential, state};

use super::*;
use crate::accumulator::Task;
use crate::data::{Dataset, InputStore, Loader, LoaderConfig, Targets, Transform};
use crate::event::{Event, Flow, Observer};
use crate::optim::OptimizerConfig;
use crate::trainer::Trainer;

/// 41 items of three classes, of which the last is an outlier.
fn data() -> Arc<Dataset> {
    let inputs = (0..82).map(|i| if i < 80 { (i * 29 % 17) as f32 * 0.1 } else { 9.0 }).collect();
    let labels = (0..41).map(|i| [0, 2, 1, 0, 0][i % 5]).collect();
    let names = ["a", "b", "c"].map(String::from).to_vec();
    let targets = Targets::Classes { labels, names };
    Arc::new(Dataset::new("test", [2], InputStore::F32(inputs), targets).unwrap())
}

fn config(loss: &str) -> TrainConfig {
    TrainConfig {
        loss: serde_json::from_str::<Loss>(loss).unwrap(),
        optimizer: serde_json::from_str::<OptimizerConfig>(r#"{"type":"sgd","lr":0.5}"#).unwrap(),
        epochs: 3,
        ..TrainConfig::default()
    }
}

/// The weights and the training loss of the last epoch.
fn trained(loss: &str, batch_size: usize, accumulate: usize) -> (Vec<f32>, f64) {
    let data = data();
    let items: Vec<u32> = (0..data.len() as u32).collect();
    let order = LoaderConfig { batch_size, shuffle: false, ..LoaderConfig::default() };
    let train = Loader::new(data, items, Transform::default(), order);
    let model = Sequential::input([2]).dense(5).tanh().dense(3).build(7).unwrap();
    let losses = std::rc::Rc::new(std::cell::Cell::new(f64::NAN));
    let mut trainer = Trainer::new(model, TrainConfig { accumulate, ..config(loss) })
        .observe(LastLoss(losses.clone()));
    trainer.fit(&train, None).unwrap();
    let weights = state(trainer.model()).into_values().flat_map(|x| x.to_vec()).collect();
    (weights, losses.get())
}

struct LastLoss(std::rc::Rc<std::cell::Cell<f64>>);

impl Observer for LastLoss {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, crate::TrainError> {
        if let Event::Step(step) = event {
            self.0.set(step.report.loss);
        }
        Ok(Flow::Continue)
    }
}

#[test]
fn a_group_of_batches_is_one_batch_of_their_items() {
    for loss in [
        r#"{"type":"cross_entropy"}"#,
        r#"{"type":"cross_entropy","class_weights":[1,20,3]}"#,
        r#"{"type":"cross_entropy","ignore_index":2}"#,
    ] {
        let (whole, whole_loss) = trained(loss, 41, 1);
        // 4 of 10 and the outlier alone; 20, 20 and it; 13, 13, 13 and 2; one by one.
        for (batch_size, accumulate) in [(10, 5), (20, 3), (13, 4), (1, 41)] {
            let (parts, parts_loss) = trained(loss, batch_size, accumulate);
            for (a, b) in whole.iter().zip(&parts) {
                assert!((a - b).abs() < 2e-6, "{loss} by {batch_size}: {a} {b}");
            }
            assert!((whole_loss - parts_loss).abs() < 1e-6, "{whole_loss} {parts_loss}");
        }
    }
}

#[test]
fn a_step_of_which_nothing_counts_changes_nothing() {
    let ignoring = |class: i32| format!(r#"{{"type":"cross_entropy","ignore_index":{class}}}"#);
    let data = data();
    let items: Vec<u32> = (0..41).filter(|i| i % 5 == 2).collect(); // all of class 1
    let order = LoaderConfig { batch_size: 3, shuffle: false, ..LoaderConfig::default() };
    let train = Loader::new(data, items, Transform::default(), order);
    let fit = |class: i32| {
        let model = Sequential::input([2]).dense(3).batch_norm().build(7).unwrap();
        let before: Vec<_> = state(&model).into_values().map(|x| x.shape()).collect();
        let mut trainer =
            Trainer::new(model, TrainConfig { epochs: 2, ..config(&ignoring(class)) });
        let report = trainer.fit(&train, None).unwrap();
        assert_eq!((report.steps, before.len()), (6, 7));
        state(trainer.model())
    };
    let fresh = Sequential::input([2]).dense(3).batch_norm().build(7).unwrap();
    let same = |trained: &glassbox_nn::State| {
        let fresh = state(&fresh);
        let bits = |x: &Tensor| match x.dtype() {
            DType::F32 => x.to_vec(),
            DType::I32 => x.as_i32().iter().map(|&x| x as f32).collect(),
        };
        trained.iter().all(|(name, x)| bits(x) == bits(&fresh[name]))
    };
    assert!(same(&fit(1)), "all ignored");
    assert!(!same(&fit(0)), "none ignored");
}

#[test]
fn windows_weigh_by_their_targets() {
    // One sequence of five steps in windows of two: the last has one.
    let targets = Targets::Tokens {
        labels: vec![0, 1, 1, 2, 0, 1, 2, 0, 0, 1],
        length: 5,
        names: ["a", "b", "c"].map(String::from).to_vec(),
    };
    let inputs = InputStore::F32(vec![0.0, 0.0, 1.0, 1.0, 2.0, 1.0, 2.0, 2.0, 0.0, 0.0]);
    let data = Dataset::new("test", [5], inputs, targets).unwrap().with_tokens(3);
    let order = LoaderConfig { batch_size: 2, shuffle: false, ..LoaderConfig::default() };
    let train = Loader::new(Arc::new(data), vec![0, 1], Transform::default(), order);
    // Without recurrence, where gradients end makes no difference.
    let weights = |bptt: Option<usize>, loss: &str| {
        let model = Sequential::input([5]).embedding(3, 4).dense(3).build(7).unwrap();
        let config = TrainConfig { task: Task::Generate, bptt, ..config(loss) };
        let mut trainer = Trainer::new(model, config);
        trainer.fit(&train, None).unwrap();
        state(trainer.model()).into_values().flat_map(|x| x.to_vec()).collect::<Vec<_>>()
    };
    for loss in [
        r#"{"type":"cross_entropy"}"#,
        r#"{"type":"cross_entropy","class_weights":[1,9,0.5]}"#,
        r#"{"type":"cross_entropy","ignore_index":0}"#,
    ] {
        let whole = weights(None, loss);
        for window in [1, 2, 3, 4] {
            let parts = weights(Some(window), loss);
            let close = whole.iter().zip(&parts).all(|(a, b)| (a - b).abs() < 1e-5);
            assert!(close, "{loss} in windows of {window}");
        }
    }
}
