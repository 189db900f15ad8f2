use proptest::prelude::*;

use super::*;
use crate::metrics::METRICS;

fn none() -> Normalizer {
    Normalizer::default()
}

fn add(sums: &mut Accumulator, loss: &Loss, prediction: &Tensor, target: &Tensor) {
    sums.add(loss, loss.total(prediction, target), prediction, target, &none());
}

#[test]
fn errors_are_told_in_the_targets_own_units() {
    let mut sums = Accumulator::default();
    let units = Normalizer { offset: vec![100.0], scale: vec![10.0] };
    let (y, t) = (Tensor::from_slice(&[1.0, 2.0], [2, 1]), Tensor::from_slice(&[1.5, 1.5], [2, 1]));
    let mse: Loss = serde_json::from_str(r#"{"type":"mse"}"#).unwrap();
    sums.add(&mse, mse.total(&y, &t), &y, &t, &units);
    let scores = sums.scores(Task::Regress, &[]);
    assert_eq!((scores.get("mae"), scores.get("loss")), (Some(5.0), Some(0.25)));
}

#[test]
fn a_single_score_tells_two_classes_apart() {
    let labels = Tensor::from_i32(&[0, 1, 0], [3]);
    let loss: Loss = serde_json::from_str(r#"{"type":"bce"}"#).unwrap();
    for shape in [vec![3, 1], vec![3]] {
        let mut sums = Accumulator::default();
        let logits = Tensor::from_slice(&[-1.0, 2.0, 3.0], Tensor::zeros(&shape[..]).shape());
        add(&mut sums, &loss, &logits, &labels);
        assert_eq!(sums.scores(Task::Classify, &[]).get("accuracy"), Some(2.0 / 3.0));
    }
}

#[test]
fn sums_of_an_earlier_version_go_on() {
    let old = r#"{"samples":2,"loss":1.0,"values":2,"correct":1,"absolute":7.0,"squared":25.0,
        "targets":10.0,"targets_squared":52.0}"#;
    let sums: Accumulator = serde_json::from_str(old).unwrap();
    let scores = sums.scores(Task::Regress, &[]);
    assert_eq!((scores.get("loss"), scores.get("mae")), (Some(0.5), Some(3.5)));
    assert_eq!(scores.get("r2"), Some(1.0 - 25.0 / 2.0));
    assert_eq!(sums.scores(Task::Classify, &[]).get("accuracy"), Some(0.5));
    let written = serde_json::to_string(&sums).unwrap();
    assert_eq!(serde_json::from_str::<Accumulator>(&written).unwrap(), sums);
}

#[test]
fn a_large_mean_does_not_drown_the_variance() {
    let mut sums = Accumulator::default();
    let t: Vec<f32> = (0..1000).map(|i| 1e6 + (i % 2) as f32).collect();
    let t = Tensor::from_slice(&t, [1000, 1]);
    let y = Tensor::full([1000, 1], 1e6 + 0.5);
    let mse: Loss = serde_json::from_str(r#"{"type":"mse"}"#).unwrap();
    add(&mut sums, &mse, &y, &t);
    let r2 = sums.scores(Task::Regress, &[]).get("r2").unwrap();
    assert!(r2.abs() < 1e-12, "the mean explains nothing: {r2}");
}

/// Losses for classes and for numbers, with all that changes what items weigh.
const LOSSES: [&str; 7] = [
    r#"{"type":"cross_entropy"}"#,
    r#"{"type":"cross_entropy","class_weights":[0.5,7.0,0.0],"label_smoothing":0.1}"#,
    r#"{"type":"cross_entropy","ignore_index":1,"class_weights":[0.5,7.0,3.0]}"#,
    r#"{"type":"mse"}"#,
    r#"{"type":"mae"}"#,
    r#"{"type":"huber","delta":0.5}"#,
    r#"{"type":"smooth_l1","beta":0.5}"#,
];

proptest! {
    /// Any order, any cut into batches: the same scores.
    #[test]
    fn order_and_batches_do_not_matter(
        rows in prop::collection::vec((prop::array::uniform3(-30f32..30.0), 0..3i32), 1..24),
        cuts in prop::collection::vec(1usize..6, 24),
        order in any::<u64>(),
        which in 0..LOSSES.len(),
    ) {
        let loss: Loss = serde_json::from_str(LOSSES[which]).unwrap();
        let task = if which < 3 { Task::Classify } else { Task::Regress };
        let units = Normalizer { offset: vec![5.0, 0.0, 1e6], scale: vec![0.5, 1.0, 1e6] };
        let sum = |rows: &[([f32; 3], i32)], cuts: &mut dyn Iterator<Item = usize>| {
            let (mut sums, mut rest) = (Accumulator::default(), rows);
            while !rest.is_empty() {
                let (batch, after) = rest.split_at(cuts.next().unwrap_or(1).min(rest.len()));
                rest = after;
                let values: Vec<f32> = batch.iter().flat_map(|row| row.0).collect();
                let prediction = Tensor::from_slice(&values, [batch.len(), 3]);
                let classes: Vec<i32> = batch.iter().map(|row| row.1).collect();
                let target = match task {
                    Task::Regress => Tensor::from_vec(
                        values.iter().enumerate().map(|(i, x)| x * 0.5 + (i % 3) as f32).collect(),
                        [batch.len(), 3],
                    ),
                    _ => Tensor::from_i32(&classes, [batch.len()]),
                };
                let total = loss.total(&prediction, &target);
                sums.add(&loss, total, &prediction, &target, &units);
            }
            sums.scores(task, &["a".to_owned(), "b".to_owned(), "c".to_owned()])
        };
        let whole = sum(&rows, &mut std::iter::once(rows.len()));
        let mut shuffled = rows.clone();
        glassbox_tensor::Rng::new(order).shuffle(&mut shuffled);
        let cut = sum(&shuffled, &mut cuts.into_iter());
        prop_assert_eq!(whole.iter().count(), cut.iter().count());
        for ((name, a), (other, b)) in whole.iter().zip(cut.iter()) {
            prop_assert_eq!(name, other);
            // R² is 1 less a ratio: what rounds is the ratio, however near to 0 the difference.
            let size = if name.starts_with("r2") { (1.0 - a).max(1.0) } else { a.abs().max(1e-9) };
            prop_assert!((a - b).abs() <= 1e-9 * size, "{}: {} {}", name, a, b);
        }
    }
}

#[test]
fn sums_of_every_metric_survive_a_file() {
    let metrics = || METRICS.iter().collect::<Vec<_>>();
    let loss = Loss::default();
    let batch = |sums: &mut Accumulator, from: i32| {
        let logits: Vec<f32> = (0..12).map(|i| ((i * 7 + from) % 5) as f32).collect();
        let labels = Tensor::from_i32(&[0, 1, 2, from % 3], [4]);
        add(sums, &loss, &Tensor::from_slice(&logits, [4, 3]), &labels);
    };
    let mut whole = Accumulator::new(metrics());
    batch(&mut whole, 1);
    let written = serde_json::to_string(&whole).unwrap();
    let mut read: Accumulator = serde_json::from_str(&written).unwrap();
    for sums in [&mut whole, &mut read] {
        batch(sums, 2);
    }
    assert_eq!(read, whole);
    let scores = whole.scores(Task::Classify, &[]);
    assert_eq!(scores, read.scores(Task::Classify, &[]));
    assert!(scores.get("roc_auc").is_some() && scores.get("f1_macro").is_some(), "{scores:?}");
    assert!(serde_json::from_str::<Accumulator>(&written.replace("roc_auc", "roc")).is_err());
}
