//! What observers that keep checkpoints are given when one of them fails.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use glassbox_nn::{Graph, Loss, Sequential};
use glassbox_runs::RunFolder;
use glassbox_runs::checkpoint::peek_state;
use glassbox_runs::observers::Checkpoints;
use glassbox_train::data::{Dataset, InputStore, Loader, LoaderConfig, Targets, Transform};
use glassbox_train::{Event, Flow, Observer, TrainConfig, TrainError, Trainer};

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

/// Which event is meant.
type Chosen = fn(&Event<'_>) -> bool;

/// Fails at one event.
struct Fails(Chosen);

impl Observer for Fails {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        match (self.0)(event) {
            true => Err(TrainError::Observer("disk full".into())),
            false => Ok(Flow::Continue),
        }
    }
}

/// Takes a folder away when training fails.
struct MakesRoom(PathBuf);

impl Observer for MakesRoom {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        if let Event::Failed { .. } = event {
            fs::remove_dir(&self.0).unwrap();
        }
        Ok(Flow::Continue)
    }
}

#[test]
fn a_step_without_items_serves_checkpoints() {
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), "run").unwrap();
    let mut trainer = trainer().observe(Checkpoints::new(folder.clone(), Some(4), HashMap::new()));
    trainer.fit(&loader(), None).unwrap();
    // The first of the second epoch.
    assert_eq!(folder.kept_steps(), [4]);
    let state = peek_state(&folder.step_state(4)).unwrap();
    assert_eq!((state.epoch, state.batch, state.step), (1, 1, 4));
}

#[test]
fn what_was_reached_is_kept_when_an_observer_fails_before_it_is_saved() {
    let fails: [(Chosen, _); 3] = [
        (|event| matches!(event, Event::Model { epoch: 1, .. }), (1, 0, 3)),
        (|event| matches!(event, Event::EpochEnd(report) if report.epoch == 2), (2, 0, 6)),
        (|event| matches!(event, Event::Step(step) if step.report.step == 5), (1, 2, 5)),
    ];
    for (fails, reached) in fails {
        let runs = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(runs.path(), "run").unwrap();
        let checkpoints = Checkpoints::new(folder.clone(), None, HashMap::new());
        let mut trainer = trainer().observe(Fails(fails)).observe(checkpoints);
        let error = trainer.fit(&loader(), None).unwrap_err();
        assert!(error.to_string().contains("disk full"), "{error}");
        let state = peek_state(&folder.training_state()).unwrap();
        assert_eq!((state.epoch, state.batch, state.step), reached);
        let best = peek_state(&folder.best_state()).unwrap();
        assert_eq!(best.epoch, state.best.unwrap().epoch);
    }
}

#[test]
fn a_checkpoint_that_could_not_be_written_is_written_when_the_run_fails() {
    let runs = tempfile::tempdir().unwrap();
    let folder = RunFolder::create(runs.path(), "run").unwrap();
    // No file can take the place of a folder.
    let path = folder.best_weights();
    fs::create_dir_all(&path).unwrap();
    let mut trainer = trainer().observe(MakesRoom(path)).observe(Checkpoints::new(
        folder.clone(),
        None,
        HashMap::new(),
    ));
    let error = trainer.fit(&loader(), None).unwrap_err();
    assert_eq!(error.code(), "GB0504");
    assert!(folder.best_weights().is_file() && folder.last_weights().is_file());
    assert!(peek_state(&folder.training_state()).is_some());
}
