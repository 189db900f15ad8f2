use std::sync::Arc;

use glassbox_nn::{Graph, Sequential};

use super::*;
use crate::accumulator::Accumulator;
use crate::config::TrainConfig;
use crate::data::{Dataset, InputStore, LoaderConfig, Normalizer, Transform};
use crate::trainer::Trainer;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("n{index}")).collect()
}

fn classes(count: usize) -> Targets {
    let labels = (0..8).map(|item| (item % count) as i32).collect();
    Targets::Classes { labels, names: names(count) }
}

fn numbers() -> Targets {
    Targets::Values { values: vec![0.5; 8], width: 1, names: names(1) }
}

fn loader(targets: Targets, units: Normalizer) -> Loader {
    let inputs = InputStore::F32((0..32).map(|x| x as f32).collect());
    let data = Arc::new(Dataset::new("test", [4], inputs, targets).unwrap());
    let transform = Transform::new(Normalizer::default(), units);
    Loader::new(data, (0..8).collect::<Vec<_>>(), transform, LoaderConfig::default())
}

fn dense(inputs: usize, outputs: usize) -> Graph {
    Sequential::input([inputs]).dense(outputs).build(7).unwrap()
}

fn loss(json: &str) -> Loss {
    serde_json::from_str(json).unwrap()
}

/// The code and the text with which training is refused before its first step.
fn refused(model: Graph, task: Task, loss: Loss, targets: Targets) -> (&'static str, String) {
    let train = loader(targets, Normalizer::default());
    let config = TrainConfig { task, loss: loss.clone(), epochs: 1, ..TrainConfig::default() };
    let mut trainer = Trainer::new(model, config);
    let error = trainer.fit(&train, None).unwrap_err();
    assert_eq!(trainer.progress().step, 0);
    let also = crate::evaluate(trainer.model(), &loss, task, &train).unwrap_err();
    let TrainError::Mismatch(mismatch) = &error else { panic!("{error}") };
    assert_eq!(also.to_string(), error.to_string());
    (mismatch.code, error.to_string())
}

#[test]
fn the_default_loss_is_not_for_numbers() {
    let (code, text) = refused(dense(4, 1), Task::Regress, Loss::default(), numbers());
    assert_eq!(code, "GB0411");
    assert!(text.contains("MeanSquaredError"), "{text}");
    let (code, text) = refused(dense(4, 1), Task::Classify, Loss::default(), numbers());
    assert_eq!(code, "GB0410");
    assert!(text.contains("Task::Regress: the targets are numbers"), "{text}");
}

#[test]
fn losses_fit_the_targets() {
    let refused = |json: &str, count: usize, outputs: usize| {
        refused(dense(4, outputs), Task::Classify, loss(json), classes(count)).1
    };
    let text = refused(r#"{"type":"mse"}"#, 3, 3);
    assert!(text.contains("a loss for classes"), "{text}");
    let text = refused(r#"{"type":"bce"}"#, 3, 1);
    assert!(text.contains("two classes, since there are 3"), "{text}");
    let text = refused(r#"{"type":"cross_entropy"}"#, 1, 1);
    assert!(text.contains("at least two classes"), "{text}");
    let text = refused(r#"{"type":"cross_entropy","class_weights":[1,2]}"#, 3, 3);
    assert!(text.contains("3 class weights") && text.contains("found: 2"), "{text}");
}

#[test]
fn outputs_fit_the_targets() {
    let (code, text) = refused(dense(4, 2), Task::Classify, Loss::default(), classes(3));
    assert_eq!(code, "GB0412");
    assert!(text.contains("output of shape 3") && text.contains("shape 2"), "{text}");
    let (code, _) = refused(dense(4, 2), Task::Regress, loss(r#"{"type":"mse"}"#), numbers());
    assert_eq!(code, "GB0412");
    let two = refused(dense(4, 2), Task::Classify, loss(r#"{"type":"bce"}"#), classes(2));
    assert!(two.1.contains("one score"), "{}", two.1);
}

#[test]
fn what_the_last_layers_let_through_suits_the_loss_and_the_targets() {
    let fits = |model: Graph, task: Task, loss: Loss, targets: Targets| {
        let train = loader(targets, Normalizer::default());
        let config = TrainConfig { task, loss, epochs: 1, ..TrainConfig::default() };
        Trainer::new(model, config).fit(&train, None).map(drop).map_err(|error| error.to_string())
    };
    let layers = || Sequential::input([4]).dense(3);
    let model = || layers().softmax().build(7).unwrap();
    let text = fits(model(), Task::Classify, Loss::default(), classes(3)).unwrap_err();
    assert!(text.contains("GB0121") && text.contains("a softmax layer (layer 1)"), "{text}");
    let model = layers().relu().dropout(0.5).build(7).unwrap();
    let text = fits(model, Task::Classify, Loss::default(), classes(3)).unwrap_err();
    assert!(text.contains("GB0121") && text.contains("with only dropout between"), "{text}");
    fits(layers().build(7).unwrap(), Task::Classify, Loss::default(), classes(3)).unwrap();

    let numbers =
        |value: f64| Targets::Values { values: vec![value; 8], width: 1, names: names(1) };
    let relu = || Sequential::input([4]).dense(1).relu().build(7).unwrap();
    let error = || loss(r#"{"type":"mse"}"#);
    let text = fits(relu(), Task::Regress, error(), numbers(-0.5)).unwrap_err();
    assert!(text.contains("GB0133") && text.contains("no value below 0"), "{text}");
    fits(relu(), Task::Regress, error(), numbers(0.5)).unwrap();
}

#[test]
fn items_fit_the_declared_input() {
    let (code, text) = refused(dense(5, 3), Task::Classify, Loss::default(), classes(3));
    assert_eq!(code, "GB0413");
    assert!(text.contains("items of shape 5") && text.contains("items of shape 4"), "{text}");
}

#[test]
fn data_without_targets_cannot_be_learned() {
    let mse = loss(r#"{"type":"mse"}"#);
    let (code, _) = refused(dense(4, 1), Task::Regress, mse, Targets::none());
    assert_eq!(code, "GB0410");
}

#[test]
fn both_loaders_have_the_same_units() {
    let units = Normalizer { offset: vec![1.0], scale: vec![2.0] };
    let (train, valid) = (loader(numbers(), units), loader(numbers(), Normalizer::default()));
    let config = TrainConfig {
        task: Task::Regress,
        loss: loss(r#"{"type":"mse"}"#),
        ..TrainConfig::default()
    };
    let error = Trainer::new(dense(4, 1), config).fit(&train, Some(&valid)).unwrap_err();
    assert!(error.to_string().contains("GB0413"), "{error}");
}

/// Two tables that were read one by one may have their classes in another order.
#[test]
fn both_loaders_have_the_same_classes_and_normalization() {
    let targets = |names: [&str; 2]| Targets::Classes {
        labels: (0..8).map(|item| item % 2).collect(),
        names: names.map(str::to_owned).to_vec(),
    };
    let train = loader(targets(["no", "yes"]), Normalizer::default());
    let refused = |valid: &Loader| {
        let mut trainer = Trainer::new(dense(4, 2), TrainConfig::default());
        let error = trainer.fit(&train, Some(valid)).unwrap_err().to_string();
        assert_eq!(trainer.progress().step, 0);
        error
    };
    let error = refused(&loader(targets(["yes", "no"]), Normalizer::default()));
    assert!(error.contains("GB0413") && error.contains("found: yes, no"), "{error}");

    let data = Arc::clone(train.dataset());
    let inputs = Normalizer { offset: vec![1.0; 4], scale: vec![2.0; 4] };
    let transform = Transform::new(inputs, Normalizer::default());
    let other = Loader::new(data, vec![0u32, 1], transform, LoaderConfig::default());
    let error = refused(&other);
    assert!(error.contains("GB0413") && error.contains("inputs are normalized"), "{error}");
}

/// Nothing to learn from, nothing to validate on, labels and numbers that are none.
#[test]
fn misuse_ends_in_an_error_not_in_a_panic() {
    let of = |items: Vec<u32>, config: LoaderConfig| {
        let inputs = InputStore::F32((0..32).map(|x| x as f32).collect());
        let data = Arc::new(Dataset::new("test", [4], inputs, classes(2)).unwrap());
        Loader::new(data, items, Transform::default(), config)
    };
    let fit = |train: &Loader, valid: Option<&Loader>| {
        let config = TrainConfig { epochs: 1, ..TrainConfig::default() };
        Trainer::new(dense(4, 2), config).fit(train, valid)
    };
    let full = of((0..8).collect(), LoaderConfig::default());
    let empty = of(Vec::new(), LoaderConfig::default());
    let error = fit(&empty, None).unwrap_err().to_string();
    assert!(error.contains("GB0413") && error.contains("no training items"), "{error}");
    let error = fit(&full, Some(&empty)).unwrap_err().to_string();
    assert!(error.contains("GB0413") && error.contains("no validation items"), "{error}");
}

#[test]
fn what_fits_is_trained() {
    let fits = [
        (dense(4, 3), Task::Classify, Loss::default(), classes(3)),
        (dense(4, 1), Task::Classify, loss(r#"{"type":"bce"}"#), classes(2)),
        (dense(4, 1), Task::Regress, loss(r#"{"type":"huber"}"#), numbers()),
    ];
    for (model, task, loss, targets) in fits {
        let train = loader(targets, Normalizer::default());
        let config = TrainConfig { task, loss, epochs: 1, ..TrainConfig::default() };
        assert!(Trainer::new(model, config).fit(&train, Some(&train)).is_ok());
    }
}

#[test]
fn windows_need_a_target_for_each_step_and_a_state_streams() {
    let error = |config: TrainConfig, train: &Loader| {
        let inputs = train.dataset().item_shape().elements();
        let mut trainer = Trainer::new(dense(inputs, 2), TrainConfig { epochs: 1, ..config });
        let error = trainer.fit(train, None).unwrap_err().to_string();
        assert_eq!(trainer.progress().step, 0);
        error
    };
    let train = loader(classes(2), Normalizer::default());
    let windows = TrainConfig { bptt: Some(2), ..TrainConfig::default() };
    let text = error(windows, &train);
    assert!(text.contains("GB0130") && text.contains("bptt: None"), "{text}");
    // The third batch of four would have two rows.
    let stateful = TrainConfig { stateful: true, ..TrainConfig::default() };
    let text = error(stateful, &train);
    assert!(text.contains("GB0130") && text.contains("streams: true"), "{text}");
}

#[test]
fn a_score_to_watch_is_one_that_there_is() {
    let monitor = |metric: &str| crate::Monitor { metric: metric.into() };
    let plateau = |metric: &str| {
        let text = serde_json::json!({ "type": "reduce_on_plateau", "metric": metric });
        serde_json::from_value(text).unwrap()
    };
    let train = loader(classes(3), Normalizer::default());
    for (metric, exists) in [
        ("valid.accuracy", true),
        ("train.loss", true),
        ("loss", true),
        ("valid.acuracy", false),
        ("test.loss", false),
        ("valid.r2", false),
    ] {
        let watched =
            crate::observers::EarlyStopConfig { metric: monitor(metric), ..Default::default() };
        let configs = [
            TrainConfig { monitor: Some(monitor(metric)), epochs: 1, ..TrainConfig::default() },
            TrainConfig { schedule: plateau(metric), epochs: 1, ..TrainConfig::default() },
            TrainConfig { epochs: 1, ..TrainConfig::default() },
        ];
        for (index, config) in configs.into_iter().enumerate() {
            let mut trainer = Trainer::new(dense(4, 3), config);
            if index == 2 {
                trainer = trainer.observe(crate::observers::EarlyStop::new(watched.clone()));
            }
            let outcome = trainer.fit(&train, None);
            assert_eq!(outcome.is_ok(), exists, "{metric} in {index}");
            if let Err(error) = outcome {
                let text = error.to_string();
                assert!(
                    text.contains("GB0126") && text.contains("one of loss, accuracy, top2"),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn a_score_of_one_output_is_called_by_its_name() {
    let names = Accumulator::score_names(Task::Regress, &[], &["a".into(), "b".into()]);
    assert!(names.contains(&"r2.b".into()) && names.contains(&"rmse".into()), "{names:?}");
    let one = Accumulator::score_names(Task::Regress, &[], &["a".into()]);
    assert_eq!(one, ["loss", "mae", "rmse", "r2"]);
}

#[test]
fn tokens_need_a_score_for_each() {
    let labels = (0..32).map(|step| step % 2).collect();
    let tokens = Targets::Tokens { labels, length: 4, names: names(2) };
    let (code, text) = refused(dense(4, 2), Task::Generate, loss(r#"{"type":"bce"}"#), tokens);
    assert_eq!(code, "GB0411");
    assert!(text.contains("the next token"), "{text}");
}
