use std::sync::Arc;

use glassbox_nn::losses::{
    BinaryCrossEntropyConfig, HuberConfig, MeanAbsoluteErrorConfig, MeanSquaredErrorConfig,
};
use glassbox_train::data::{Dataset, InputStore, Split};

use super::*;
use crate::DataConfig;

/// Data with these targets: the first `train` items are for training, the others for validation.
fn prepared(targets: Targets, train: usize, items: usize) -> Prepared {
    let inputs = InputStore::F32(vec![0.0; items]);
    let mut data = DataConfig::default().prepare(".".as_ref()).unwrap();
    data.dataset = Arc::new(Dataset::new("test", [1], inputs, targets).unwrap());
    let range = |range: std::ops::Range<usize>| range.map(|item| item as u32).collect();
    data.split =
        Split { train: range(0..train), valid: range(train..items), test: Default::default() };
    data.target_normalizer =
        glassbox_train::data::Normalizer::fit_targets(&data.dataset, &data.split.train);
    data
}

fn classes(labels: &[i32], train: usize, count: usize) -> Prepared {
    let names = (0..count).map(|class| format!("c{class}")).collect();
    prepared(Targets::Classes { labels: labels.to_vec(), names }, train, labels.len())
}

fn values(values: &[f64], train: usize) -> Prepared {
    let names = vec!["y".to_owned()];
    prepared(Targets::Values { values: values.to_vec(), width: 1, names }, train, values.len())
}

/// The smallest loss of an answer that is the same for every item, found by small steps downhill.
fn searched(loss: &Loss, labels: &[i32], classes: usize) -> f64 {
    let target = Tensor::from_i32(labels, [labels.len()]);
    let of = |row: &[f32]| {
        let shape = [labels.len(), classes];
        let logits = Tensor::from_vec(row.repeat(labels.len()), shape);
        f64::from(loss.compute(&logits, &target).item())
    };
    let mut row = vec![0f32; classes];
    let mut step = 1.0f32;
    while step > 1e-4 {
        let before = of(&row);
        for class in 0..classes {
            for change in [step, -step] {
                let now = of(&row);
                row[class] += change;
                if of(&row) >= now {
                    row[class] -= change;
                }
            }
        }
        if of(&row) >= before {
            step *= 0.5;
        }
    }
    of(&row)
}

#[test]
fn the_frequencies_of_the_training_items_are_scored_on_others() {
    // Training: 0 0 0 1 2, validation: 0 1 1.
    let data = classes(&[0, 0, 0, 1, 2, 0, 1, 1], 5, 3);
    let answer = ConstantAnswer::fit(&data, &Loss::default()).unwrap();
    assert_eq!(answer.class_name(&data), Some("c0"));
    let scores = answer.scores(&data, Part::Valid);
    // sklearn.metrics.log_loss([0, 1, 1], [[.6, .2, .2]] * 3)
    let loss = scores.get("baseline_constant_loss").unwrap();
    assert!((loss - 1.243_233_816_211_397_2).abs() < 1e-12, "{loss}");
    assert_eq!(scores.get("baseline_constant_accuracy"), Some(1.0 / 3.0));
    assert_eq!(answer.scores(&data, Part::Test), Scores::new());
}

#[test]
fn weights_smoothing_and_an_ignored_class_are_respected() {
    let labels = [0, 0, 0, 0, 0, 1, 1, 2];
    let data = classes(&labels, labels.len(), 3);
    for config in [
        CrossEntropyConfig::default(),
        CrossEntropyConfig { label_smoothing: 0.1, ..Default::default() },
        CrossEntropyConfig { class_weights: Some(vec![1.0, 3.0, 0.5]), ..Default::default() },
        CrossEntropyConfig {
            label_smoothing: 0.2,
            class_weights: Some(vec![0.5, 2.0, 4.0]),
            ignore_index: Some(1),
        },
        CrossEntropyConfig { ignore_index: Some(1), ..Default::default() },
    ] {
        let loss = Loss::CrossEntropy(config);
        let scores = ConstantAnswer::fit(&data, &loss).unwrap().scores(&data, Part::Train);
        let found = scores.get("baseline_constant_loss").unwrap();
        let expected = searched(&loss, &labels, 3);
        assert!((found - expected).abs() < 2e-4, "{loss:?}: {found} and {expected}");
    }
}

#[test]
fn one_output_for_two_classes_has_its_own_loss() {
    let labels = [0, 0, 0, 1];
    let data = classes(&labels, 4, 2);
    for positive_weight in [1.0, 3.0] {
        let loss = Loss::BinaryCrossEntropy(BinaryCrossEntropyConfig { positive_weight });
        let scores = ConstantAnswer::fit(&data, &loss).unwrap().scores(&data, Part::Train);
        let found = scores.get("baseline_constant_loss").unwrap();
        let expected = searched(&loss, &labels, 1);
        assert!((found - expected).abs() < 2e-4, "{positive_weight}: {found} and {expected}");
        assert_eq!(scores.get("baseline_constant_accuracy"), Some(0.75));
    }
}

#[test]
fn numbers_have_a_mean_a_median_and_what_suits_the_loss() {
    // Training: 1 2 4 13 (mean 5, median 3), validation: 5 6.
    let data = values(&[1.0, 2.0, 4.0, 13.0, 5.0, 6.0], 4);
    let scores = |loss: Loss, part| ConstantAnswer::fit(&data, &loss).unwrap().scores(&data, part);
    let squared = Loss::MeanSquaredError(MeanSquaredErrorConfig {});
    let valid = scores(squared.clone(), Part::Valid);
    assert_eq!(valid.get("baseline_constant_mae"), Some(2.5));
    assert!((valid.get("baseline_constant_rmse").unwrap() - 0.5f64.sqrt()).abs() < 1e-6);
    // The variance of the training targets is 22.5: (0² + 1²) / 2 / 22.5.
    assert!((valid.get("baseline_constant_loss").unwrap() - 1.0 / 45.0).abs() < 1e-6);
    let train = scores(squared, Part::Train);
    assert!((train.get("baseline_constant_loss").unwrap() - 1.0).abs() < 1e-6);
    let absolute = Loss::MeanAbsoluteError(MeanAbsoluteErrorConfig {});
    // numpy.abs(numpy.array([1, 2, 4, 13]) - 3).mean() / 22.5 ** 0.5
    let found = scores(absolute, Part::Train).get("baseline_constant_loss").unwrap();
    assert!((found - 3.5 / 22.5f64.sqrt()).abs() < 1e-6, "{found}");
    // The smallest of many constants that were tried.
    let huber = scores(Loss::Huber(HuberConfig { delta: 0.5 }), Part::Train);
    let t = [1.0, 2.0, 4.0, 13.0].map(|t: f64| (t - 5.0) / 22.5f64.sqrt());
    let of = |c: f64| -> f64 {
        let one = |t: &f64| match (c - t).abs() {
            e if e <= 0.5 => 0.5 * e * e,
            e => 0.5 * (e - 0.25),
        };
        t.iter().map(one).sum::<f64>() / 4.0
    };
    let least = (0..=20_000).map(|i| of(-1.0 + f64::from(i) * 1e-4)).fold(f64::MAX, f64::min);
    let found = huber.get("baseline_constant_loss").unwrap();
    assert!((found - least).abs() < 1e-6, "{found} and {least}");
}

#[test]
fn tokens_have_the_loss_of_their_frequencies() {
    let names = ["a", "b"].map(String::from).to_vec();
    let targets = Targets::Tokens { labels: vec![0, 0, 0, 1], length: 2, names };
    let data = prepared(targets, 2, 2);
    let scores = ConstantAnswer::fit(&data, &Loss::default()).unwrap().scores(&data, Part::Train);
    // scipy.stats.entropy([3, 1])
    let loss = scores.get("baseline_constant_loss").unwrap();
    assert!((loss - 0.562_335_144_618_808_3).abs() < 1e-12, "{loss}");
    assert_eq!(scores.get("baseline_constant_perplexity"), Some(loss.exp()));
}

#[test]
fn a_part_of_which_nothing_counts_has_no_scores() {
    let data = classes(&[0, 1, 0, 1, 2, 2], 4, 3);
    let scores = |config: CrossEntropyConfig| {
        let loss = Loss::CrossEntropy(config);
        ConstantAnswer::fit(&data, &loss).unwrap().scores(&data, Part::Valid)
    };
    let ignored = CrossEntropyConfig { ignore_index: Some(2), ..Default::default() };
    assert_eq!(scores(ignored), Scores::new());
    // Items that weigh nothing are still right or wrong.
    let weightless =
        CrossEntropyConfig { class_weights: Some(vec![1.0, 1.0, 0.0]), ..Default::default() };
    let scores = scores(weightless);
    assert_eq!(scores.get("baseline_constant_loss"), None);
    assert_eq!(scores.get("baseline_constant_accuracy"), Some(0.0));
}

#[test]
fn one_normalization_may_be_that_of_all_outputs() {
    let names = ["a", "b"].map(String::from).to_vec();
    let targets = Targets::Values { values: vec![1.0, 2.0, 3.0, 6.0], width: 2, names };
    let mut data = prepared(targets, 2, 2);
    data.target_normalizer =
        glassbox_train::data::Normalizer { offset: vec![1.0], scale: vec![2.0] };
    let loss = Loss::MeanSquaredError(MeanSquaredErrorConfig {});
    let scores = ConstantAnswer::fit(&data, &loss).unwrap().scores(&data, Part::Train);
    // ((1² + 1²) / 2 + (2² + 2²) / 2) / 2 / 2²
    assert_eq!(scores.get("baseline_constant_loss"), Some(0.625));
}
