//! Scores are those of the set.

use std::fmt::Write as _;

use serde_json::Value;

use crate::common::Place;

/// The predictions of a file, a line each.
fn predicted(place: &Place, file: &str) -> Vec<Value> {
    place.json(&format!("predict last --json --checkpoint last {file}"))
}

#[track_caller]
fn close(found: &Value, wanted: f64, error: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - wanted).abs() < error, "{found}, not {wanted}");
}

/// A number in -1..1 without a pattern.
fn noise(index: usize) -> f64 {
    let mixed = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    f64::from((mixed >> 40) as u32) / f64::from(1 << 23) - 1.0
}

#[test]
fn a_weighted_loss_is_divided_by_the_weights_of_all_rows() {
    let place = Place::new();
    // Sorted by class: 380 rows of one, then 20 of the other, in evaluation batches of 256.
    let mut table = "a,b,y\n".to_owned();
    for row in 0..400 {
        let class = if row < 380 { "often" } else { "rare" };
        let _ = writeln!(table, "{:.4},{:.4},{class}", noise(row), noise(row + 1000));
    }
    place.write("t.csv", &table);
    place.write(
        "r.toml",
        r#"[data]
kind = "csv"
path = "t.csv"
normalize = "none"
split = { train = 1.0, valid = 0.0, test = 0.0 }
[model]
layers = [{ type = "dense", units = "classes" }]
[train]
epochs = 1
loss = { type = "cross_entropy", class_weights = { rare = 19.0, often = 1.0 } }
"#,
    );
    place.run("train r.toml").ok();
    let scores = place.eval("--split train --checkpoint last");
    let (mut loss, mut weights) = (0.0, 0.0);
    for (row, prediction) in predicted(&place, "t.csv").iter().enumerate() {
        let (class, weight) = if row < 380 { ("often", 1.0) } else { ("rare", 19.0) };
        loss -= weight * prediction["probabilities"][class].as_f64().unwrap().ln();
        weights += weight;
    }
    close(&scores["loss"], loss / weights, 1e-5);
}

#[test]
fn several_outputs_are_scored_by_column() {
    let place = Place::new();
    let mut table = "a,b,y1,y2\n".to_owned();
    let targets = |row: usize| [noise(row + 2000), 1000.0 + noise(row + 3000)];
    for row in 0..60 {
        let [y1, y2] = targets(row);
        let _ = writeln!(table, "{:.4},{:.4},{y1:.6},{y2:.6}", noise(row), noise(row + 1000));
    }
    place.write("t.csv", &table);
    place.write(
        "r.toml",
        r#"[data]
kind = "csv"
path = "t.csv"
target = ["y1", "y2"]
split = { train = 1.0, valid = 0.0, test = 0.0 }
[model]
layers = [{ type = "dense", units = "outputs" }]
[train]
epochs = 2
monitor = "train.r2.y2"
"#,
    );
    let out = place.run("train r.toml --progress plain").ok();
    assert!(out.contains("best train.r2.y2"), "{out}");
    let scores = place.eval("--split train --checkpoint last");
    // r2_score(t, y, multioutput="raw_values"), by its definition.
    let predictions = predicted(&place, "t.csv");
    let r2 = |output: usize, name: &str| {
        let mean = (0..60).map(|row| targets(row)[output]).sum::<f64>() / 60.0;
        let (mut errors, mut spread) = (0.0, 0.0);
        for (row, prediction) in predictions.iter().enumerate() {
            let value = &prediction["values"][name];
            errors += (targets(row)[output] - value.as_f64().unwrap()).powi(2);
            spread += (targets(row)[output] - mean).powi(2);
        }
        1.0 - errors / spread
    };
    let (y1, y2) = (r2(0, "y1"), r2(1, "y2"));
    // Values are predicted in single precision: 1000 has steps of 6e-5.
    close(&scores["r2.y1"], y1, 1e-4);
    close(&scores["r2.y2"], y2, 1e-3);
    close(&scores["r2"], (y1 + y2) / 2.0, 1e-3);
    assert!(y2 < 0.9, "noise cannot be predicted: {y2}");
    let text = place.run("eval last --split train").ok();
    assert!(text.contains("\ny1: mae ") && text.contains("\ny2: mae "), "{text}");
}

/// A table of four classes, `10` three times as often as the others.
fn four_classes(place: &Place, loss: &str) {
    let mut table = "a,y\n".to_owned();
    for row in 0..60 {
        let _ = writeln!(table, "{},{}", noise(row), ["yes", "no", "10", "9", "10", "10"][row % 6]);
    }
    place.write("t.csv", &table);
    let recipe = r#"[data]
kind = "csv"
path = "t.csv"
target_kind = "class"
split = { train = 1.0, valid = 0.0, test = 0.0 }
[model]
layers = [{ type = "dense", units = "classes" }]
[train]
epochs = 1
loss = LOSS
"#;
    place.write("r.toml", &recipe.replace("LOSS", loss));
}

#[test]
fn class_weights_are_given_by_name() {
    let place = Place::new();
    let named =
        r#"{ type = "cross_entropy", class_weights = { yes = 4, 9 = 2.0, no = 3.0, "10" = 1.0 } }"#;
    four_classes(&place, named);
    let out = place.run("check r.toml").ok();
    assert!(out.contains("classes in order: 10 · 9 · no · yes"), "{out}");
    assert!(out.contains("class weights: 10 1 · 9 2 · no 3 · yes 4"), "{out}");
    place.run("train r.toml").ok();
    let resolved = place.path().join("runs").join(place.run_name()).join("resolved.toml");
    let resolved = std::fs::read_to_string(resolved).unwrap();
    assert!(resolved.contains("class_weights = [1.0, 2.0, 3.0, 4.0]"), "{resolved}");
    place.run("eval last --split train").ok();
}

#[test]
fn class_weights_can_be_balanced() {
    let place = Place::new();
    four_classes(&place, r#"{ type = "cross_entropy", class_weights = "balanced" }"#);
    let out = place.run("check r.toml").ok();
    // compute_class_weight("balanced", classes=["10", "9", "no", "yes"], y=30 of "10" and 10 of each)
    assert!(out.contains("class weights: 10 0.5 · 9 1.5 · no 1.5 · yes 1.5"), "{out}");
}

#[test]
fn wrong_class_weights_are_explained() {
    for (weights, expected) in [
        ("{ yse = 1.0, no = 1.0, 9 = 1.0, 10 = 1.0 }", "did you mean `yes`?"),
        ("{ yes = 1.0, no = 1.0, 9 = 1.0 }", "none for `10`"),
        ("{ yes = \"a\", no = 1.0, 9 = 1.0, 10 = 1.0 }", "a number"),
        ("{ yes = -1.0, no = 1.0, 9 = 1.0, 10 = 1.0 }", "`yes` is out of range"),
        ("\"balance\"", "did you mean `balanced`?"),
        ("[1.0, 2.0, 3.0]", "4 numbers, for `10`, `9`, `no` and `yes`"),
    ] {
        let place = Place::new();
        four_classes(&place, &format!("{{ type = \"cross_entropy\", class_weights = {weights} }}"));
        let message = place.run("check r.toml").failed(2);
        assert!(message.contains(expected), "{weights}: {message}");
    }
}

#[test]
fn a_last_group_of_fewer_items_weighs_as_its_items() {
    let place = Place::new();
    let mut table = "a,b,y\n".to_owned();
    for row in 0..41 {
        let y = if row == 40 { 50.0 } else { noise(row + 2000) };
        let _ = writeln!(table, "{:.4},{:.4},{y:.4}", noise(row), noise(row + 1000));
    }
    place.write("t.csv", &table);
    let recipe = r#"[run]
seed = 3
[data]
kind = "csv"
path = "t.csv"
split = { train = 1.0, valid = 0.0, test = 0.0 }
[model]
layers = [{ type = "dense", units = 4 }, { type = "tanh" }, { type = "dense", units = "outputs" }]
[train]
epochs = 3
optimizer = { type = "sgd", lr = 0.1 }
"#;
    place.write("r.toml", recipe);
    let loss = |sets: &str| {
        place.run(&format!("train r.toml {sets}")).ok();
        place.eval("--split train --checkpoint last")["loss"].as_f64().unwrap()
    };
    let whole = loss("--set train.batch_size=41");
    for sets in [
        "--set train.batch_size=10 --set train.accumulate=5",
        "--set train.batch_size=8 --set train.accumulate=6",
    ] {
        let parts = loss(sets);
        assert!((parts - whole).abs() < 1e-6 * whole, "{sets}: {parts} {whole}");
    }
}

#[test]
fn the_best_weights_are_those_that_early_stopping_watches_for() {
    let place = Place::new();
    let with = |early_stop: &str| format!("{}{early_stop}\n", crate::common::TINY);
    place.write("r.toml", &with(r#"early_stop = { metric = "valid.accuracy", patience = 9 }"#));
    let check = place.run("check r.toml").ok();
    assert!(check.contains("best weights: those with the best valid.accuracy"), "{check}");
    let out = place.run("train r.toml --progress plain").ok();
    assert!(out.contains("★ best valid.accuracy"), "{out}");
    let both = "monitor = \"valid.loss\"\n\
                early_stop = { metric = \"valid.accuracy\", patience = 9 }";
    place.write("r.toml", &with(both));
    let check = place.run("check r.toml").ok();
    assert!(check.contains("best weights: those with the best valid.loss"), "{check}");
}

#[test]
fn stateful_models_are_scored_with_their_state() {
    let place = Place::new();
    place.write("t.txt", &"aaaaaab".repeat(400));
    place.write(
        "r.toml",
        r#"[run]
name = "sf"
[data]
kind = "text"
path = "t.txt"
seq_len = 2
[model]
layers = [{ type = "embedding", dim = 4 }, { type = "lstm", units = 16 }, { type = "dense", units = "vocab" }]
[train]
epochs = 12
batch_size = 8
stateful = true
optimizer = { type = "adam", lr = 2e-2 }
clip = { type = "norm", max = 1.0 }
"#,
    );
    let out = place.run("train r.toml --progress plain").ok();
    assert!(out.contains("bits_per_token"), "{out}");
    // Without the state, two letters leave nearly all in doubt: about 0.41 nats.
    let scores = place.eval("--split valid");
    assert!(scores["loss"].as_f64().unwrap() < 0.1, "{scores}");
    let text = place.run("generate last --temperature 0 --length 28 --prompt aaaaab").ok();
    assert!(text.contains(&"aaaaaab".repeat(3)), "{text}");
}

/// Without the state the validation loss would never fall below 0.4: nothing would be better than
/// the first epochs by the asked margin, and the rate would fall.
#[test]
fn early_stopping_and_plateau_follow_the_score_with_the_state() {
    let place = Place::new();
    place.write("t.txt", &"aaaaaab".repeat(400));
    place.write(
        "r.toml",
        r#"[data]
kind = "text"
path = "t.txt"
seq_len = 2
[model]
layers = [{ type = "embedding", dim = 4 }, { type = "lstm", units = 16 }, { type = "dense", units = "vocab" }]
[train]
epochs = 12
batch_size = 8
stateful = true
optimizer = { type = "adam", lr = 2e-2 }
clip = { type = "norm", max = 1.0 }
schedule = { type = "reduce_on_plateau", metric = "valid.loss", patience = 0 }
early_stop = { metric = "valid.loss", patience = 2 }
checkpoint_every = { epochs = 1 }
"#,
    );
    place.run("train r.toml").ok();
    let log = std::fs::read_to_string(place.run_file("metrics.jsonl")).unwrap();
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let epochs: Vec<&Value> = events.iter().filter(|event| event["event"] == "epoch").collect();
    let losses: Vec<f64> = epochs.iter().map(|e| e["valid"]["loss"].as_f64().unwrap()).collect();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(best < 0.1, "with the state: {losses:?}");
    let record = place.record();
    assert_eq!(record["best"]["value"].as_f64(), Some(best), "{losses:?}");
    // It ends where two in a row are no better, and nowhere else.
    let mut waited = 0;
    let mut least = f64::INFINITY;
    for (epoch, loss) in losses.iter().enumerate() {
        waited = if *loss < least { 0 } else { waited + 1 };
        least = least.min(*loss);
        assert!(waited < 2 || epoch + 1 == losses.len(), "{losses:?}");
    }
    assert_eq!(waited == 2, losses.len() < 12, "{losses:?}");
}

#[test]
fn the_best_score_is_the_one_that_eval_gives() {
    let place = Place::new();
    place.write("tiny.toml", crate::common::TINY);
    for metric in ["valid.loss", "valid.accuracy"] {
        let runs = metric.replace('.', "-");
        let set = format!("train tiny.toml --runs {runs} --set train.monitor={metric}");
        place.run(&set).ok();
        let record = &place.json(&format!("runs ls --json --runs {runs}"))[0];
        assert_eq!(record["best"]["metric"], metric, "{record}");
        let scores = place.json(&format!("eval last --json --split valid --runs {runs}"));
        let name = metric.split_once('.').unwrap().1;
        close(&scores[0][name], record["best"]["value"].as_f64().unwrap(), 1e-7);
    }
}

#[test]
fn ignored_rows_are_not_among_those_that_were_scored() {
    let place = Place::new();
    let classes = ["left", "right", "unsure"];
    let rows: String = (0..60).map(|i| format!("{:.3},{}\n", noise(i), classes[i % 3])).collect();
    place.write("t.csv", &format!("x,label\n{rows}"));
    place.write(
        "r.toml",
        r#"[data]
kind = "csv"
path = "t.csv"
[model]
layers = [{ type = "dense", units = "classes" }]
[train]
epochs = 1
loss = { type = "cross_entropy", ignore_index = 2 }
"#,
    );
    place.run("train r.toml").ok();
    let scores = place.eval("t.csv");
    assert_eq!((&scores["n"], &scores["ignored"]), (&40.into(), &20.into()), "{scores}");
    let told = place.run("eval last t.csv").ok();
    assert!(told.contains("all 40 items of t.csv (20 of an ignored class left out)"), "{told}");
    place.write("unsure.csv", "x,label\n0.5,unsure\n0.1,unsure\n");
    let nothing = place.run("eval last unsure.csv").failed(1);
    assert!(nothing.contains("GB0524") && nothing.contains("2 items of that class"), "{nothing}");
}

/// Without its outlier a first batch has a loss near 0; the mean's loss is 1.
#[test]
fn a_loss_at_the_level_of_constant_answers_did_not_grow() {
    let place = Place::new();
    let mut table = "a,y\n".to_owned();
    (0..200).for_each(|row| _ = writeln!(table, "{:.3},{:.3}", noise(row), noise(row + 500)));
    place.write("t.csv", &format!("{table}0.5,500\n"));
    place.write(
        "r.toml",
        r#"[run]
seed = 2
[data]
kind = "csv"
path = "t.csv"
split = { train = 1.0, valid = 0.0, test = 0.0 }
[model]
layers = [{ type = "dense", units = 8 }, { type = "tanh" }, { type = "dense", units = "outputs" }]
[train]
epochs = 1
optimizer = { type = "sgd", lr = 0.01 }
"#,
    );
    let ended = place.run("train r.toml");
    assert!(!ended.err.contains("GB0403"), "{}", ended.err);
    ended.ok();
}
