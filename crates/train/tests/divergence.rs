//! What is kept of a training that diverges.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use glassbox_nn::losses::MeanSquaredErrorConfig;
use glassbox_nn::{Graph, Loss, Sequential};
use glassbox_runs::checkpoint::{TensorFile, peek_state};
use glassbox_runs::observers::{Checkpoints, RunStatus};
use glassbox_runs::{RunFolder, RunRecord, Status};
use glassbox_train::data::{Dataset, InputStore, Loader, LoaderConfig, Targets, Transform};
use glassbox_train::optim::{OptimizerConfig, Sgd};
use glassbox_train::{Event, Flow, Observer, Task, TrainConfig, TrainError, Trainer};

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

/// Notes which events an observer sees.
struct Seen(Arc<Mutex<Vec<String>>>);

impl Observer for Seen {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        let name = match event {
            Event::Failed { error, progress } => {
                let at = error.place(progress);
                format!("{} at step {} of epoch {}", error.code(), at.step, at.epoch)
            }
            Event::RunEnd(_) => "end".into(),
            _ => return Ok(Flow::Continue),
        };
        self.0.lock().unwrap().push(name);
        Ok(Flow::Continue)
    }
}

#[test]
fn what_was_reached_is_written_however_fast_it_fails() {
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), "line").unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    // The error grows by a factor each step.
    let sgd = OptimizerConfig::Sgd(Sgd { lr: 1e3, ..Sgd::default() });
    let mut trainer = trainer(sgd, 1000)
        .observe(Checkpoints::new(folder.clone(), None, HashMap::new()))
        .observe(RunStatus::new(folder.clone(), RunRecord::default()))
        .observe(Seen(seen.clone()));
    let loader = line(1.0);
    let error = trainer.fit(&loader, None).unwrap_err();
    let TrainError::NotFinite(found) = &error else { panic!("{error}") };
    let step = found.step;
    assert!((5..30).contains(&step), "{error}");
    assert_eq!(*seen.lock().unwrap(), [format!("GB0402 at step {step} of epoch {step}")]);
    assert!(error.to_string().contains("help: train.optimizer.lr = 1000 → 100"), "{error}");

    let record = folder.record().unwrap();
    assert_eq!(
        (record.status, record.step, record.epoch),
        (Status::Failed, step - 1, step as usize - 1)
    );
    assert_eq!(record.best.as_ref().unwrap().epoch, 1);
    assert!(record.has_diverged());
    let best = TensorFile::read(&folder.best_weights()).unwrap();
    assert_eq!(best.metadata["epoch"], "1");
    for path in [folder.best_weights(), folder.last_weights(), folder.training_state()] {
        let tensors = TensorFile::read(&path).unwrap().tensors;
        assert!(
            tensors.iter().all(|(_, tensor)| tensor.as_slice().iter().all(|x| x.is_finite())),
            "{}",
            path.display()
        );
    }
    // The last finite state, after the best one.
    assert!(peek_state(&folder.training_state()).unwrap().epoch > 1);
    assert_eq!(peek_state(&folder.best_state()).unwrap().epoch, 1);
}
