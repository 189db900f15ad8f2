//! Scores are those of the set, with the state that a model carries.

use std::path::Path;
use std::time::Duration;

use glassbox_data::{DataConfig, Prepared};
use glassbox_nn::{Cx, Graph, Loss, Module, Sequential};
use glassbox_train::data::{Dataset, Loader, LoaderConfig, Part, Transform};
use glassbox_train::{Evaluation, Scores, Task, clock, evaluate};

/// Text of a period that a window of four letters does not show.
fn text() -> (tempfile::TempDir, Prepared) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.txt"), "aaaaaab".repeat(120)).unwrap();
    let config = r#"{"kind":"text","path":"t.txt","seq_len":4,
        "split":{"train":0.5,"valid":0.5,"test":0.0}}"#;
    let config: DataConfig = serde_json::from_str(config).unwrap();
    let data = config.prepare(folder.path()).unwrap();
    (folder, data)
}

fn model() -> Graph {
    Sequential::input([4]).embedding(2, 3).lstm(6).gru(5).dense(2).build(7).unwrap()
}

fn loss(scores: &Scores) -> f64 {
    scores.get("loss").unwrap()
}

#[test]
fn a_state_that_is_carried_is_that_of_one_long_sequence() {
    let (_folder, data) = text();
    let (model, loss_of_model) = (model(), Loss::default());
    let evaluation = Evaluation::new(&loss_of_model, Task::Generate).stateful(true);
    let carried = evaluation.run(&model, &data.eval_loader(Part::Valid, 16)).unwrap();
    // The same windows as one sequence.
    let batch = data.eval_loader(Part::Valid, 10_000).epoch(0, 0).unwrap().next().unwrap().unwrap();
    let steps = batch.targets.elements();
    let prediction = model.forward(&batch.inputs.reshape([1, steps]), &mut Cx::eval());
    let whole = loss_of_model.total(&prediction, &batch.targets.reshape([1, steps]));
    assert_eq!(whole.weight, steps as f64);
    assert!((loss(&carried) - whole.mean()).abs() < 1e-6, "{carried:?} {whole:?}");
    let alone = Evaluation::new(&loss_of_model, Task::Generate);
    let alone = alone.run(&model, &data.eval_loader(Part::Valid, 16)).unwrap();
    assert!((loss(&carried) - loss(&alone)).abs() > 1e-4, "the state makes a difference");
}

#[test]
fn a_carried_state_does_not_depend_on_the_loader() {
    let (_folder, data) = text();
    let (model, loss_of_model) = (model(), Loss::default());
    let evaluation = Evaluation::new(&loss_of_model, Task::Generate).stateful(true);
    let wanted = evaluation.run(&model, &data.eval_loader(Part::Train, 1)).unwrap();
    for config in [
        LoaderConfig { batch_size: 7, ..LoaderConfig::default() },
        LoaderConfig { batch_size: 9, streams: true, ..LoaderConfig::default() },
        LoaderConfig { batch_size: 32, drop_last: true, ..LoaderConfig::default() },
    ] {
        let loader = data.train_loader(&[], config).unwrap();
        assert_eq!(evaluation.run(&model, &loader).unwrap(), wanted);
    }
}

#[test]
fn a_state_does_not_pass_from_one_file_to_another() {
    let (_folder, data) = text();
    let (model, loss_of_model) = (model(), Loss::default());
    let evaluation = Evaluation::new(&loss_of_model, Task::Generate).stateful(true);
    let order = LoaderConfig { batch_size: 4, shuffle: false, ..LoaderConfig::default() };
    let of = |dataset: std::sync::Arc<Dataset>| {
        let items: Vec<u32> = (0..dataset.len() as u32).collect();
        let loader = Loader::new(dataset, items, Transform::default(), order.clone());
        evaluation.run(&model, &loader).unwrap()
    };
    let alone = of(data.dataset.joined(&data.dataset).unwrap().with_starts(Vec::new()).into());
    let apart = of(data.dataset.joined(&data.dataset).unwrap().into());
    let single = loss(&of(data.dataset.clone()));
    assert!((loss(&apart) - single).abs() < 1e-9, "{} {single}", loss(&apart));
    assert!((loss(&alone) - single).abs() > 1e-6, "a carried state would be seen");
}

#[test]
fn batches_change_no_score_of_a_model() {
    let data = DataConfig::default().prepare(Path::new("")).unwrap();
    let model = Sequential::input([8, 8, 1]).flatten().dense(16).relu().dense(10).build(7).unwrap();
    let run = |batch_size| {
        let loader = data.eval_loader(Part::Valid, batch_size);
        evaluate(&model, &Loss::default(), Task::Classify, &loader).unwrap()
    };
    let whole = run(180);
    for batch_size in [1, 7, 64, 179] {
        let part = run(batch_size);
        assert!((loss(&part) - loss(&whole)).abs() < 1e-6);
        assert_eq!(part.get("accuracy"), whole.get("accuracy"));
    }
}

#[test]
fn clocks() {
    let texts = [3.21, 21.0, 218.0, 3727.0].map(|s| clock(Duration::from_secs_f64(s)));
    assert_eq!(texts, ["3.2s", "0:21", "3:38", "1:02:07"]);
}
