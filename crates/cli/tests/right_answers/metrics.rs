//! Scores that a recipe asks for.

use std::fmt::Write as _;

use serde_json::Value;

use crate::common::Place;

/// A line that two classes lie beside, with some on the wrong side.
fn table(classes: [&str; 3]) -> String {
    let mut table = "a,b,y\n".to_owned();
    for row in 0..240usize {
        let (a, b) = ((row * 37 % 101) as f64 / 50.0 - 1.0, (row * 53 % 97) as f64 / 48.0 - 1.0);
        let class = classes[match a + b {
            _ if row.is_multiple_of(9) => 0,
            sum if sum > 0.9 => 2,
            sum if sum > 0.3 => 1,
            _ => 0,
        }];
        let _ = writeln!(table, "{a:.4},{b:.4},{class}");
    }
    table
}

fn recipe(train: &str) -> String {
    format!(
        r#"[data]
kind = "csv"
path = "t.csv"
split = {{ train = 0.6, valid = 0.2, test = 0.2 }}
[model]
layers = [{{ type = "dense", units = "classes" }}]
[train]
epochs = 4
{train}
"#
    )
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn scores_that_are_named_or_watched_are_reported_everywhere() {
    let place = Place::new();
    place.write("t.csv", &table(["no", "yes", "yes"]));
    let train = r#"metrics = ["roc_auc"]
monitor = "valid.f1"
early_stop = { metric = "valid.matthews", patience = 9 }"#;
    place.write("r.toml", &recipe(train));
    let told = place.run("train r.toml").ok();
    assert!(told.contains("valid f1"), "{told}");
    let log = std::fs::read_to_string(place.run_file("metrics.jsonl")).unwrap();
    let epochs: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| !line["valid"].is_null())
        .collect();
    assert_eq!(epochs.len(), 4);
    for set in ["train", "valid"] {
        for name in ["loss", "accuracy", "roc_auc", "f1", "matthews"] {
            assert!(epochs.iter().all(|epoch| epoch[set][name].is_number()), "{set}.{name}: {log}");
        }
    }
    let best = epochs.iter().map(|epoch| number(&epoch["valid"]["f1"])).fold(0.0, f64::max);
    assert_eq!(place.record()["best"]["metric"], "valid.f1");
    assert_eq!(number(&place.record()["best"]["value"]), best);
    let scores = place.eval("");
    assert!(scores["roc_auc"].is_number() && scores["f1"].is_number(), "{scores}");
    assert!(scores["brier"].is_null(), "{scores}");

    // Of all rows, from their predictions.
    let scores = place.eval("t.csv --metrics all --checkpoint last");
    let predictions = place.json("predict last --json --checkpoint last t.csv");
    let labels: Vec<bool> =
        table(["0", "1", "1"]).lines().skip(1).map(|line| line.ends_with('1')).collect();
    let of_yes: Vec<f64> =
        predictions.iter().map(|line| number(&line["probabilities"]["yes"])).collect();
    let pairs = of_yes.iter().zip(&labels);
    let brier = pairs.map(|(p, &yes)| (p - f64::from(u8::from(yes))).powi(2)).sum::<f64>();
    let counts = |yes: bool, taken: bool| {
        let taken = of_yes.iter().map(|&p| (p > 0.5) == taken);
        taken.zip(&labels).filter(|&(taken, &label)| taken && label == yes).count() as f64
    };
    let (hits, false_alarms, missed) =
        (counts(true, true), counts(false, true), counts(true, false));
    let of = |label: bool| {
        let chosen = of_yes.iter().zip(&labels).filter(move |pair| *pair.1 == label);
        chosen.map(|(&p, _)| p).collect::<Vec<f64>>()
    };
    let (yes, no) = (of(true), of(false));
    let above =
        |p: &f64| no.iter().map(|q| if p > q { 1.0 } else { f64::from(p == q) / 2.0 }).sum::<f64>();
    let area = yes.iter().map(above).sum::<f64>() / (yes.len() * no.len()) as f64;
    for (name, wanted) in [
        ("brier", brier / labels.len() as f64),
        ("precision", hits / (hits + false_alarms)),
        ("recall", hits / (hits + missed)),
        ("f1", 2.0 * hits / (2.0 * hits + false_alarms + missed)),
        ("roc_auc", area),
    ] {
        assert!((number(&scores[name]) - wanted).abs() < 1e-4, "{name}: {scores}, not {wanted}");
    }
}

#[test]
fn scores_that_there_are_not_are_refused() {
    let place = Place::new();
    place.write("t.csv", &table(["a", "b", "c"]));
    for (train, wanted) in [
        (r#"metrics = ["f1_macro", "roc"]"#, "did you mean `roc_auc`?"),
        (r#"metrics = ["f1"]"#, "`f1_macro`"),
        (r#"metrics = ["rmse"]"#, "one of `loss`, `accuracy`"),
        (r#"metrics = "roc_auc""#, "a list of names"),
        (r#"metrics = [3]"#, "the name of a score"),
        (r#"monitor = "valid.f1""#, "`f1_macro`"),
        (r#"monitor = "valid.top9""#, "did you mean"),
    ] {
        place.write("r.toml", &recipe(train));
        let told = place.run("train r.toml").failed(2);
        assert!(told.contains(wanted), "{train}: {told}");
    }
    place.write("r.toml", &recipe(r#"monitor = "valid.f1_weighted""#));
    place.run("train r.toml").ok();
    let told = place.run("eval last --metrics f1_macro,nothing").failed(2);
    assert!(told.contains("GB0126"), "{told}");
    let scores = place.eval("--metrics f1_macro");
    assert!(scores["f1_macro"].is_number() && scores["f1_weighted"].is_number(), "{scores}");
    assert!(scores["recall_macro"].is_null(), "{scores}");
}
