use glassbox_tensor::Tensor;

use super::*;

/// The value over all samples, added in batches of `batch`.
fn value(name: &str, prediction: &[f32], outputs: usize, target: &Tensor, batch: usize) -> f64 {
    let mut metric = Meter::new(named(name).unwrap());
    let rows = prediction.chunks(batch * outputs);
    for (index, rows) in rows.enumerate() {
        let (start, count) = (index * batch, rows.len() / outputs);
        let target = match target.dtype() {
            glassbox_tensor::DType::I32 => {
                Tensor::from_i32(&target.as_i32()[start..start + count], [count])
            }
            glassbox_tensor::DType::F32 => {
                let values = &target.as_slice()[start * outputs..(start + count) * outputs];
                Tensor::from_slice(values, [count, outputs])
            }
        };
        metric.add(&Tensor::from_slice(rows, [count, outputs]), &target);
    }
    metric.value()
}

fn close(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-6, "{got}, not {want}");
}

/// Six samples of three classes; the third class is never predicted.
const LOGITS: [f32; 18] = [
    2.0, 1.0, 0.0, //
    0.0, 3.0, 1.0, //
    1.0, 2.0, 0.5, //
    4.0, 0.0, 1.0, //
    0.0, 1.0, 0.9, //
    0.5, 0.2, 0.1,
];
const LABELS: [i32; 6] = [0, 1, 0, 0, 2, 2];

fn classes(name: &str) -> f64 {
    value(name, &LOGITS, 3, &Tensor::from_i32(&LABELS, [6]), 4)
}

#[test]
fn scores_of_a_confusion_matrix() {
    let mut matrix = ConfusionMatrix::default();
    matrix.add(&Tensor::from_slice(&LOGITS, [6, 3]), &Tensor::from_i32(&LABELS, [6]));
    assert_eq!(matrix.rows().collect::<Vec<_>>(), [[2, 1, 0], [0, 1, 0], [1, 1, 0]]);
    close(matrix.class_counts().accuracy(), 0.5);
    close(classes("accuracy"), 0.5);
    close(classes("top2"), 5.0 / 6.0);
    close(classes("balanced_accuracy"), (2.0 / 3.0 + 1.0) / 3.0);
    close(classes("precision_macro"), (2.0 / 3.0 + 1.0 / 3.0) / 3.0);
    close(classes("recall_weighted"), (2.0 / 3.0 * 3.0 + 1.0) / 6.0);
    close(classes("f1_macro"), (4.0 / 6.0 + 2.0 / 4.0) / 3.0);
    close(classes("f1_micro"), 0.5);
    // Chance: (3·3 + 1·3 + 2·0) / 36 = 1/3.
    close(classes("cohen_kappa"), (0.5 - 1.0 / 3.0) / (2.0 / 3.0));
    // (3·6 - 12) / √((36 - 14)(36 - 18)).
    close(classes("matthews"), 6.0 / (22.0f64 * 18.0).sqrt());
    let mut twice = matrix.clone();
    twice.merge(&matrix);
    assert_eq!((twice.class_counts().samples(), twice.count(0, 0)), (12, 4));
    twice.reset();
    twice.merge(&matrix);
    assert_eq!(twice, matrix);
}

#[test]
fn scores_of_probabilities() {
    // Logits whose softmax is 3/4 and 1/4.
    let logits = [3f32.ln(), 0.0, 3f32.ln(), 0.0];
    let labels = Tensor::from_i32(&[0, 1], [2]);
    close(value("log_loss", &logits, 2, &labels, 2), -(0.75f64.ln() + 0.25f64.ln()) / 2.0);
    close(value("brier", &logits, 2, &labels, 2), (0.0625 + 0.5625) / 2.0);
    let three = value("brier", &[0.0; 3], 3, &Tensor::from_i32(&[1], [1]), 1);
    close(three, 2.0 / 9.0 + 4.0 / 9.0);
}

#[test]
fn one_logit_is_the_second_of_two_classes() {
    let (logits, targets) = ([-1.0f32, 2.0, 0.5], Tensor::from_slice(&[0.0, 1.0, 0.0], [3, 1]));
    close(value("accuracy", &logits, 1, &targets, 2), 2.0 / 3.0);
    let pairs: Vec<f32> = logits.iter().flat_map(|&z| [0.0, z]).collect();
    let labels = Tensor::from_i32(&[0, 1, 0], [3]);
    for name in ["log_loss", "brier", "roc_auc", "average_precision", "matthews"] {
        let want = value(name, &pairs, 2, &labels, 3);
        close(value(name, &logits, 1, &targets, 3), want);
        close(value(name, &logits, 1, &labels, 3), want);
    }
}

#[test]
fn scores_of_an_order() {
    let logits = [0.1f32, 0.4, 0.35, 0.8];
    let labels = Tensor::from_i32(&[0, 0, 1, 1], [4]);
    close(value("roc_auc", &logits, 1, &labels, 1), 0.75);
    close(value("average_precision", &logits, 1, &labels, 3), (1.0 + 2.0 / 3.0) / 2.0);
    close(value("roc_auc", &[0.5; 4], 1, &labels, 4), 0.5);
    assert!(value("roc_auc", &logits, 1, &Tensor::from_i32(&[1; 4], [4]), 4).is_nan());
    assert!(value("roc_auc", &[f32::NAN; 4], 1, &labels, 4).is_nan());
}

#[test]
fn scores_of_numbers() {
    let (y, t) = ([1.0f32, 2.0, 4.0, 4.0], Tensor::from_slice(&[1.0, 3.0, 3.0, 5.0], [4]));
    let score = |name| value(name, &y, 1, &t, 3);
    close(score("mae"), 0.75);
    close(score("mse"), 0.75);
    close(score("rmse"), 0.75f64.sqrt());
    close(score("max_error"), 1.0);
    close(score("r2"), 1.0 - 3.0 / 8.0);
    close(score("explained_variance"), 1.0 - (3.0 - 0.25) / 8.0);
}

#[test]
fn outputs_are_averaged() {
    let t = Tensor::from_slice(&[0.0, 5.0, 2.0, 5.0], [2, 2]);
    // The first output is as good as the mean, the second is constant and right.
    close(value("r2", &[1.0, 5.0, 1.0, 5.0], 2, &t, 1), 0.5);
    // The first is off by a constant, the second is constant and its error varies.
    close(value("explained_variance", &[7.0, 5.0, 9.0, 4.0], 2, &t, 2), 0.5);
}

#[test]
fn nothing_and_nan_give_nan() {
    for metric in METRICS.iter().filter(|metric| metric.name != "matthews") {
        assert!(Meter::new(metric).value().is_nan(), "{}", metric.name);
    }
    let t = Tensor::from_slice(&[1.0, 2.0], [2]);
    for name in ["mae", "mse", "rmse", "max_error", "r2", "explained_variance"] {
        assert!(value(name, &[f32::NAN, 1.0], 1, &t, 1).is_nan(), "{name}");
    }
    let wrong = value("accuracy", &[f32::NAN, 1.0], 2, &Tensor::from_i32(&[0], [1]), 1);
    assert_eq!(wrong, 0.0);
}

#[test]
fn negative_labels_are_left_out() {
    let labels = Tensor::from_i32(&[0, -100], [2]);
    close(value("accuracy", &[1.0, 0.0, 1.0, 0.0], 2, &labels, 2), 1.0);
}

/// However the samples are cut into batches.
#[test]
fn batches_do_not_matter() {
    for name in METRICS.iter().map(|metric| metric.name) {
        let all = classes_or_values(name, 6);
        for batch in 1..6 {
            let cut = classes_or_values(name, batch);
            let same = (all - cut).abs() < 1e-12 || (all.is_nan() && cut.is_nan());
            assert!(same, "{name}: {all} {cut}");
        }
    }
}

fn classes_or_values(name: &str, batch: usize) -> f64 {
    let (labels, values) = (Tensor::from_i32(&LABELS, [6]), Tensor::from_slice(&LOGITS, [6, 3]));
    match name {
        "mae" | "mse" | "rmse" | "max_error" | "r2" | "explained_variance" => {
            let shifted: Vec<f32> = LOGITS.iter().map(|z| z * 0.9 + 0.3).collect();
            value(name, &shifted, 3, &values, batch)
        }
        _ => value(name, &LOGITS, 3, &labels, batch),
    }
}
