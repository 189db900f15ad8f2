//! Looking at training changes no bit of it, and a fork leaves no trace.

use std::sync::{Arc, Mutex};

use glassbox_data::DataConfig;
use glassbox_nn::{Module, Probe, Sequential, Side, Site, Wanted, state};
use glassbox_tensor::Tensor;
use glassbox_train::data::{Loader, LoaderConfig, Part};
use glassbox_train::optim::OptimizerConfig;
use glassbox_train::{Event, Flow, Look, Observer, TrainConfig, TrainError, Trainer};

fn data() -> (Loader, Loader) {
    let config = r#"{"kind":"synthetic","pattern":"moons","samples":120}"#;
    let config: DataConfig = serde_json::from_str(config).unwrap();
    let data = config.prepare(std::path::Path::new("")).unwrap();
    let order = LoaderConfig { batch_size: 16, seed: 5, ..LoaderConfig::default() };
    (data.train_loader(&[], order).unwrap(), data.eval_loader(Part::Valid, 16))
}

fn trainer(optimizer: &str) -> Trainer<glassbox_nn::Graph> {
    let model = Sequential::input([2]).dense(8).batch_norm().tanh().dropout(0.2).dense(2);
    let optimizer: OptimizerConfig = serde_json::from_str(optimizer).unwrap();
    let config = TrainConfig { epochs: 3, optimizer, seed: 5, ..TrainConfig::default() };
    Trainer::new(model.build(7).unwrap(), config)
}

fn weights<M: Module>(trainer: &Trainer<M>) -> Vec<u32> {
    let all = state(trainer.model()).into_values();
    all.flat_map(|value| value.to_vec()).map(f32::to_bits).collect()
}

const RULES: [&str; 5] = [
    r#"{"type":"sgd","lr":0.1,"momentum":0.9}"#,
    r#"{"type":"adam"}"#,
    r#"{"type":"adamw"}"#,
    r#"{"type":"rmsprop"}"#,
    r#"{"type":"adagrad"}"#,
];

/// Looks at everything.
#[derive(Clone, Default)]
struct Watcher {
    updates: Arc<Mutex<Vec<(String, f64)>>>,
    seen: Arc<Mutex<Vec<(String, Side, bool)>>>,
}

impl Probe for Watcher {
    fn wants(&self, _site: &Site<'_>) -> Wanted {
        Wanted::BOTH
    }

    fn values(&self, site: &Site<'_>, _values: &Tensor) {
        self.seen.lock().unwrap().push((site.path.to_string(), site.side, false));
    }

    fn gradient(&self, site: &Site<'_>, _gradient: &Tensor) {
        self.seen.lock().unwrap().push((site.path.to_string(), site.side, true));
    }
}

impl Observer for Watcher {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        if let Event::Step(step) = event {
            let moved = step.updates.iter().map(|u| (u.path.to_string(), u.norms.update));
            self.updates.lock().unwrap().extend(moved);
        }
        Ok(Flow::Continue)
    }

    fn looks_at(&mut self, step: u64) -> Look {
        match step <= 2 {
            true => Look { updates: true, probe: Some(Arc::new(self.clone())) },
            false => Look::default(),
        }
    }
}

#[test]
fn looking_changes_no_bit() {
    let (train, valid) = data();
    for rule in RULES {
        let mut plain = trainer(rule);
        plain.fit(&train, Some(&valid)).unwrap();
        let (first, second) = (Watcher::default(), Watcher::default());
        let mut watched = trainer(rule).observe(first.clone()).observe(second.clone());
        watched.fit(&train, Some(&valid)).unwrap();
        assert_eq!(weights(&watched), weights(&plain), "{rule}");
        for watcher in [first, second] {
            let updates = watcher.updates.lock().unwrap();
            // Two steps of dense, batch_norm and dense: weight and bias of each.
            assert_eq!(updates.len(), 12, "{updates:?}");
            assert_eq!(updates[0].0, "0.weight");
            // A bias before batch normalization has no gradient.
            let moves = |(path, norm): &(String, f64)| path == "0.bias" || *norm > 0.0;
            assert!(updates.iter().all(moves), "{updates:?}");
            let seen = watcher.seen.lock().unwrap();
            for path in ["0", "1", "2", "3", "4"] {
                for gradient in [false, true] {
                    let site = (path.to_owned(), Side::Output, gradient);
                    assert_eq!(seen.iter().filter(|s| **s == site).count(), 2, "{site:?}");
                }
            }
        }
    }
}

#[test]
fn a_fork_leaves_no_trace() {
    let (train, valid) = data();
    for rule in RULES {
        let mut plain = trainer(rule);
        plain.fit(&train, Some(&valid)).unwrap();
        let mut forked = trainer(rule);
        // Before the first step, and in the middle of an epoch.
        for steps in [0, 3] {
            forked.advance(&train, steps).unwrap();
            let before = (weights(&forked), forked.progress().clone());
            let losses = forked
                .fork(|fork| {
                    fork.set_learning_rate(0.5);
                    glassbox_nn::set_frozen(fork.model_mut(), "0", true);
                    fork.advance(&train, 17).unwrap()
                })
                .unwrap();
            assert_eq!(losses.len(), 17);
            assert!((losses[16].learning_rate - 0.5).abs() < 1e-12);
            assert_eq!((weights(&forked), forked.progress().clone()), before, "{rule}");
        }
        forked.fit(&train, Some(&valid)).unwrap();
        assert_eq!(weights(&forked), weights(&plain), "{rule}");
    }
}

#[test]
fn rules_of_ones_own_are_watched_too() {
    use glassbox_train::optim::{Optimizer, Update, UpdateRule};

    struct Plain;

    impl UpdateRule for Plain {
        fn learning_rate(&self) -> f64 {
            0.25
        }

        fn state_names(&self) -> &'static [&'static str] {
            &[]
        }

        fn update(&self, update: Update<'_>) {
            let pairs = update.values.iter_mut().zip(update.gradient);
            pairs.for_each(|(value, gradient)| *value -= 0.25 * gradient);
        }
    }

    let watcher = Watcher::default();
    let trained = trainer(RULES[0]).with_optimizer(Optimizer::new(Plain)).observe(watcher.clone());
    let (train, valid) = data();
    let mut trained = trained;
    trained.fit(&train, Some(&valid)).unwrap();
    let updates = watcher.updates.lock().unwrap();
    let moves = |(path, norm): &(String, f64)| path == "0.bias" || *norm > 0.0;
    assert!(updates.len() == 12 && updates.iter().all(moves), "{updates:?}");
}
