//! Every row of the tables in `docs/scores.md`: the number that scikit-learn gives, whatever the
//! size and the order of the batches.

use std::sync::Arc;

use glassbox_data::{DataConfig, Prepared};
use glassbox_nn::{Cx, Loss, Module, Parameters};
use glassbox_tensor::Tensor;
use glassbox_train::data::{
    Baseline, Dataset, InputStore, Loader, LoaderConfig, Naive, Normalizer, Part, Split, Targets,
    Transform, balanced_weights,
};
use glassbox_train::{Evaluation, Scores, Task, metrics};

/// A model whose predictions are its inputs.
#[derive(Parameters)]
struct Echo {}

impl Module for Echo {
    fn forward(&self, input: &Tensor, _cx: &mut Cx) -> Tensor {
        input.clone()
    }
}

/// `x`, `c` and `p = softmax(x)` of the calls below.
const LOGITS: [f32; 18] = [
    2.0, 1.0, 0.0, //
    0.0, 3.0, 1.0, //
    1.0, 2.0, 0.5, //
    4.0, 0.0, 1.0, //
    0.0, 1.0, 0.9, //
    0.5, 0.2, 0.1,
];
const LABELS: [i32; 6] = [0, 1, 0, 0, 2, 2];

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn classes() -> Dataset {
    let targets = Targets::Classes { labels: LABELS.to_vec(), names: names(&["a", "b", "c"]) };
    Dataset::new("classes", [3], InputStore::F32(LOGITS.to_vec()), targets).unwrap()
}

/// Two outputs with means far apart: `y` and `t` of the calls below.
fn numbers() -> Dataset {
    let y = vec![2.5, 1001.0, 0.0, 998.5, 2.0, 1002.0, 8.0, 999.0];
    let values = vec![3.0, 1000.0, -0.5, 1001.0, 2.0, 998.0, 7.0, 1002.0];
    let targets = Targets::Values { values, width: 2, names: names(&["y1", "y2"]) };
    Dataset::new("numbers", [2], InputStore::F32(y), targets).unwrap()
}

fn loss(json: &str) -> Loss {
    serde_json::from_str(json).unwrap()
}

/// An evaluation with every metric of the task.
fn all_metrics<'a>(loss: &'a Loss, task: Task, data: &Dataset) -> Evaluation<'a> {
    Evaluation::new(loss, task).with_metrics(metrics::of(task, data.targets().width()))
}

/// The scores by batches of every size, in several orders: all the same.
fn scores(data: Dataset, loss: &Loss, task: Task, transform: &Transform) -> Scores {
    let data = Arc::new(data);
    let items: Vec<u32> = (0..data.len() as u32).collect();
    let all = |batch_size, shuffle, seed| {
        let config = LoaderConfig { batch_size, shuffle, seed, ..LoaderConfig::default() };
        let loader = Loader::new(data.clone(), items.clone(), transform.clone(), config);
        all_metrics(loss, task, &data).run(&Echo {}, &loader).unwrap()
    };
    let whole = all(data.len(), false, 0);
    for batch_size in 1..data.len() {
        for (shuffle, seed) in [(false, 0), (true, 1), (true, 2)] {
            let cut = all(batch_size, shuffle, seed);
            assert_eq!(cut.iter().count(), whole.iter().count());
            for ((name, a), (other, b)) in whole.iter().zip(cut.iter()) {
                assert_eq!(name, other);
                assert!((a - b).abs() <= 1e-12 * a.abs(), "{name}: {a} {b} by {batch_size}");
            }
        }
    }
    whole
}

fn of_classes(json: &str) -> Scores {
    scores(classes(), &loss(json), Task::Classify, &Transform::default())
}

fn of_numbers(json: &str) -> Scores {
    scores(numbers(), &loss(json), Task::Regress, &Transform::default())
}

#[track_caller]
fn is(scores: &Scores, name: &str, wanted: f64) {
    let found = scores.get(name).unwrap_or(f64::NAN);
    assert!((found - wanted).abs() < 1e-7 * wanted.abs().max(1.0), "{name}: {found}, not {wanted}");
}

#[test]
fn cross_entropy_and_accuracy() {
    let found = of_classes(r#"{"type":"cross_entropy"}"#);
    is(&found, "loss", 0.718_129_931_302_872_5); // log_loss(c, p)
    is(&found, "accuracy", 0.5); // accuracy_score(c, x.argmax(1))
}

#[test]
fn other_scores_of_classes() {
    let found = of_classes(r#"{"type":"cross_entropy"}"#);
    // scikit-learn 1.9.1, with h = x.argmax(1).
    for (name, wanted) in [
        ("top2", 0.833_333_333_333_333_4), // top_k_accuracy_score(c, p, k=2)
        ("top3", 1.0),
        ("top5", 1.0),
        ("balanced_accuracy", 0.555_555_555_555_555_5), // balanced_accuracy_score(c, h)
        ("precision_macro", 0.333_333_333_333_333_3),   // precision_score(c, h, average="macro")
        ("precision_micro", 0.5),
        ("precision_weighted", 0.388_888_888_888_888_9),
        ("recall_macro", 0.555_555_555_555_555_5), // recall_score(c, h, average="macro")
        ("recall_micro", 0.5),
        ("recall_weighted", 0.5),
        ("f1_macro", 0.388_888_888_888_888_84), // f1_score(c, h, average="macro")
        ("f1_micro", 0.5),
        ("f1_weighted", 0.416_666_666_666_666_7),
        ("cohen_kappa", 0.25),                  // cohen_kappa_score(c, h)
        ("matthews", 0.301_511_344_577_763_63), // matthews_corrcoef(c, h)
        ("log_loss", 0.718_129_933_667_791_7),  // log_loss(c, p)
        ("brier", 0.433_544_735_507_900_35),    // brier_score_loss(c, p, scale_by_half=False)
        ("roc_auc", 0.962_962_962_962_962_9),   // roc_auc_score(c, p, multi_class="ovr")
        // average_precision_score(np.eye(3)[c], p)
        ("average_precision", 0.972_222_222_222_222_2),
    ] {
        is(&found, name, wanted);
    }
    // Precision, recall and F1 of the second of two classes are none of three.
    assert_eq!(found.iter().count(), 21);
}

#[test]
fn weighted_cross_entropy() {
    let found = of_classes(r#"{"type":"cross_entropy","class_weights":[1,2,4]}"#);
    is(&found, "loss", 0.852_450_027_325_162_1); // log_loss(c, p, sample_weight=[1, 2, 4][c])
    is(&found, "accuracy", 0.5);
}

#[test]
fn ignored_items_count_nowhere() {
    let found = of_classes(r#"{"type":"cross_entropy","ignore_index":1}"#);
    is(&found, "loss", 0.827_786_713_652_19); // log_loss(c[c != 1], p[c != 1], labels=[0, 1, 2])
    is(&found, "accuracy", 0.4); // accuracy_score(c[c != 1], x.argmax(1)[c != 1])
}

#[test]
fn smoothed_cross_entropy() {
    // torch.nn.functional.cross_entropy(x, c, label_smoothing=0.1), and with weight=[1, 2, 4]
    let found = of_classes(r#"{"type":"cross_entropy","label_smoothing":0.1}"#);
    is(&found, "loss", 0.800_352_153_525_094_7);
    let json = r#"{"type":"cross_entropy","label_smoothing":0.1,"class_weights":[1,2,4]}"#;
    is(&of_classes(json), "loss", 0.949_926_709_502_186_2);
}

#[test]
fn binary_cross_entropy() {
    let data = || {
        let targets = Targets::Classes { labels: vec![0, 1, 0, 1], names: names(&["no", "yes"]) };
        let inputs = InputStore::F32(vec![-1.0, 2.0, 0.5, -3.0]);
        Dataset::new("answers", [1], inputs, targets).unwrap()
    };
    let of = |json: &str| scores(data(), &loss(json), Task::Classify, &Transform::default());
    let found = of(r#"{"type":"binary_cross_entropy"}"#);
    is(&found, "loss", 1.115_713_508_578_761); // log_loss(t, 1 / (1 + exp(-x)))
    is(&found, "accuracy", 0.5); // accuracy_score(t, x > 0)
    // With h = x > 0: roc_auc_score(t, x), average_precision_score(t, x), precision_score(t, h),
    // recall_score(t, h), f1_score(t, h), f1_score(t, h, average="macro"), brier_score_loss(t, p)
    for (name, wanted) in [
        ("roc_auc", 0.5),
        ("average_precision", 0.75),
        ("precision", 0.5),
        ("recall", 0.5),
        ("f1", 0.5),
        ("f1_macro", 0.5),
        ("brier", 0.345_347_977_709_726_36),
    ] {
        is(&found, name, wanted);
    }
    // torch.nn.functional.binary_cross_entropy_with_logits(x, t, pos_weight=torch.tensor(3.0))
    let found = of(r#"{"type":"binary_cross_entropy","positive_weight":3.0}"#);
    is(&found, "loss", 2.703_471_189_887_118_4);
}

#[test]
fn losses_of_numbers() {
    is(&of_numbers(r#"{"type":"mean_squared_error"}"#), "loss", 4.218_75); // mean_squared_error(t, y)
    is(&of_numbers(r#"{"type":"mean_absolute_error"}"#), "loss", 1.5625); // mean_absolute_error(t, y)
    // torch.nn.functional.huber_loss(y, t, delta=2), smooth_l1_loss(y, t, beta=2)
    is(&of_numbers(r#"{"type":"huber","delta":2.0}"#), "loss", 1.781_25);
    is(&of_numbers(r#"{"type":"smooth_l1","beta":2.0}"#), "loss", 0.890_625);
}

#[test]
fn errors_of_several_outputs() {
    let found = of_numbers(r#"{"type":"mean_squared_error"}"#);
    is(&found, "mae", 1.5625); // mean_absolute_error(t, y)
    is(&found, "rmse", 1.725_913_304_297_965_7); // root_mean_squared_error(t, y)
    is(&found, "r2", -0.868_553_074_334_658_8); // r2_score(t, y)
    is(&found, "mse", 4.218_75); // mean_squared_error(t, y)
    is(&found, "max_error", 4.0); // max_error(t.ravel(), y.ravel())
    is(&found, "explained_variance", -0.860_698_990_516_977_5); // explained_variance_score(t, y)
    // … with multioutput="raw_values"
    for (name, y1, y2) in [
        ("mae", 0.5, 2.625),
        ("rmse", 0.612_372_435_695_794_5, 2.839_454_172_900_136_4),
        ("r2", 0.948_608_137_044_967_9, -2.685_714_285_714_286),
        ("mse", 0.375, 8.0625),
        ("max_error", 1.0, 4.0),
        ("explained_variance", 0.957_173_447_537_473_2, -2.678_571_428_571_428_4),
    ] {
        is(&found, &format!("{name}.y1"), y1);
        is(&found, &format!("{name}.y2"), y2);
    }
}

#[test]
fn errors_are_in_the_units_of_the_data() {
    // The same predictions and targets, standardized: the loss alone is in those units.
    let units = Normalizer { offset: vec![1.0, 1000.0], scale: vec![2.0, 4.0] };
    let predictions = Normalizer { offset: vec![1.0, 1000.0], scale: vec![2.0, 4.0] };
    let transform = Transform::new(predictions, units);
    let mse = loss(r#"{"type":"mean_squared_error"}"#);
    let found = scores(numbers(), &mse, Task::Regress, &transform);
    let plain = of_numbers(r#"{"type":"mean_squared_error"}"#);
    for (name, value) in plain.iter().filter(|(name, _)| *name != "loss") {
        let found = found.get(name).unwrap();
        assert!((found - value).abs() < 1e-5 * value.abs(), "{name}: {found}, not {value}");
    }
    // mean_squared_error(t / [2, 4], y / [2, 4])
    is(&found, "loss", 0.298_828_125);
}

#[test]
fn constant_targets() {
    let of = |y: Vec<f32>| {
        let targets =
            Targets::Values { values: vec![5.0, 5.0, 5.0], width: 1, names: names(&["y"]) };
        let data = Dataset::new("constant", [1], InputStore::F32(y), targets).unwrap();
        scores(data, &loss(r#"{"type":"mse"}"#), Task::Regress, &Transform::default())
    };
    is(&of(vec![5.0, 5.0, 5.0]), "r2", 1.0); // r2_score([5, 5, 5], [5, 5, 5])
    is(&of(vec![5.0, 5.0, 6.0]), "r2", 0.0); // r2_score([5, 5, 5], [5, 5, 6])
    assert_eq!(of(vec![5.0, 5.0, 6.0]).iter().count(), 7, "one output is not shown twice");
}

#[test]
fn r2_of_a_single_item_is_undefined() {
    let targets = Targets::Values { values: vec![5.0], width: 1, names: names(&["y"]) };
    let data = Dataset::new("single", [1], InputStore::F32(vec![4.0]), targets).unwrap();
    let found = scores(data, &loss(r#"{"type":"mse"}"#), Task::Regress, &Transform::default());
    assert_eq!((found.get("mae"), found.get("r2")), (Some(1.0), None)); // r2_score gives nan
}

#[test]
fn scores_of_tokens() {
    // Three windows of two steps each; every step's scores are those of LOGITS.
    let targets =
        Targets::Tokens { labels: LABELS.to_vec(), length: 2, names: names(&["a", "b", "c"]) };
    let data = Dataset::new("tokens", [2, 3], InputStore::F32(LOGITS.to_vec()), targets).unwrap();
    let loss = Loss::default();
    let found = scores(data, &loss, Task::Generate, &Transform::default());
    is(&found, "loss", 0.718_129_931_302_872_5); // log_loss(c, p)
    is(&found, "accuracy", 0.5); // accuracy_score(c, x.argmax(1))
    is(&found, "perplexity", 2.050_594_869_505_735_7); // exp(log_loss(c, p))
    is(&found, "bits_per_token", 1.036_042_490_594_586_2); // log_loss(c, p) / log(2)
    is(&found, "top2", 0.833_333_333_333_333_4); // top_k_accuracy_score(c, p, k=2)
}

#[test]
fn nothing_that_counts_gives_no_scores() {
    let targets = Targets::Classes { labels: vec![1, 1], names: names(&["a", "b"]) };
    let data = Dataset::new("none", [2], InputStore::F32(vec![1.0, 2.0, 0.5, 0.1]), targets);
    let ignoring = loss(r#"{"type":"cross_entropy","ignore_index":1}"#);
    let found = scores(data.unwrap(), &ignoring, Task::Classify, &Transform::default());
    assert_eq!(found.iter().count(), 0);
}

/// Data of which the first `train` items are trained on, and the others validate.
fn prepared(dataset: Dataset, train: u32) -> Prepared {
    let mut data = DataConfig::default().prepare(".".as_ref()).unwrap();
    let items = dataset.len() as u32;
    let (train, valid) = ((0..train).collect(), (train..items).collect());
    data.split = Split { train, valid, test: Default::default() };
    data.dataset = Arc::new(dataset);
    data.target_normalizer = Normalizer::default();
    data
}

#[test]
fn what_needs_no_learning() {
    let labels = vec![0, 0, 0, 1, 2, 0, 1, 0, 0, 1, 2, 1, 0];
    let inputs = InputStore::F32(vec![0.0; labels.len()]);
    let targets = Targets::Classes { labels, names: names(&["a", "b", "c"]) };
    let data = prepared(Dataset::new("classes", [1], inputs, targets).unwrap(), 8);
    let found = data.baseline_scores(Part::Valid, &Loss::default());
    // log_loss(cv, DummyClassifier("prior").fit(X, ct).predict_proba(V), labels=[0, 1, 2]) and
    // accuracy_score(cv, DummyClassifier("most_frequent").fit(X, ct).predict(V)).
    is(&found, "baseline_constant_loss", 1.158_407_504_482_217_7);
    is(&found, "baseline_constant_accuracy", 0.4);
    // compute_class_weight("balanced", classes=[0, 1, 2], y=ct)
    let weights = balanced_weights(&[5, 2, 1]).unwrap();
    for (weight, expected) in weights.iter().zip([8.0 / 15.0, 4.0 / 3.0, 8.0 / 3.0]) {
        assert!((f64::from(*weight) - expected).abs() < 1e-6, "{weights:?}");
    }

    let values = vec![
        3.0, 1000.0, -0.5, 1001.0, 2.0, 998.0, 7.0, 1002.0, 1.5, 1000.0, // training
        2.0, 999.0, 4.0, 1003.0, 0.0, 1000.0,
    ];
    let forecast = [vec![0.0; 10], vec![1.0, 1001.0, 3.5, 1002.0, 2.0, 999.0]].concat();
    let targets = Targets::Values { values, width: 2, names: names(&["y1", "y2"]) };
    let dataset = Dataset::new("numbers", [1], InputStore::F32(vec![0.0; 8]), targets).unwrap();
    let [last, season] =
        [Naive::Last, Naive::Season].map(|naive| Baseline { naive, values: forecast.clone() });
    let data = prepared(dataset.with_baseline(last).with_baseline(season), 5);
    let found = data.baseline_scores(Part::Valid, &loss(r#"{"type":"mean_squared_error"}"#));
    // mean_absolute_error(tv, DummyRegressor("median")…), root_mean_squared_error(tv,
    // DummyRegressor("mean")…); and of the forecasts themselves.
    is(&found, "baseline_constant_mae", 4.0 / 3.0);
    is(&found, "baseline_constant_rmse", 1.751_152_827_806_805_6);
    for naive in ["last", "season"] {
        is(&found, &format!("baseline_{naive}_mae"), 1.25);
        is(&found, &format!("baseline_{naive}_rmse"), 1.368_544_608_952_695_4);
    }
}
