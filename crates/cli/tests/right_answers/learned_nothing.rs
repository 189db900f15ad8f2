//! A network that learned nothing does not end like a success.

use serde_json::Value;

use crate::common::{Place, TINY};

/// What `train` printed, and `run.json`.
fn trained(place: &Place, recipe: &str, arguments: &str) -> (String, Value) {
    place.write("recipe.toml", recipe);
    let out = place.run(&format!("train recipe.toml {arguments}")).ok();
    (out, place.record())
}

#[track_caller]
fn assert_nothing_learned(place: &Place, recipe: &str, arguments: &str) -> String {
    let (out, record) = trained(place, recipe, arguments);
    assert!(!out.contains('★') && !out.contains("glassbox predict"), "{out}");
    let verdict = record["verdict"].as_str().unwrap_or_else(|| panic!("{out}\n{record}"));
    assert!(out.contains(&format!("nothing learned: {verdict}\n")), "{out}");
    let report = place.run_file("report.html");
    assert!(std::fs::read_to_string(report).unwrap().contains("Nothing learned"));
    out
}

#[test]
fn eight_sigmoids_learn_nothing() {
    let layer = "  { type = \"dense\", units = 16 },\n  { type = \"sigmoid\" },\n";
    let recipe = TINY
        .replace("  { type = \"dense\", units = 16 },\n  { type = \"relu\" },\n", &layer.repeat(8))
        .replace("{ type = \"adam\", lr = 1e-2 }", "{ type = \"sgd\", lr = 0.1 }");
    let out = assert_nothing_learned(&Place::new(), &recipe, "");
    assert!(out.contains("always saying the most frequent class"), "{out}");
}

#[test]
fn a_rate_that_is_far_too_small_or_too_large_learns_nothing() {
    for set in ["lr=1e-9", "lr=10"] {
        let arguments = format!("--set train.optimizer.{set}");
        assert_nothing_learned(&Place::new(), TINY, &arguments);
    }
}

#[test]
fn labels_by_chance_teach_nothing() {
    let place = Place::new();
    let mut state = 1u32;
    let mut number = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let rows: String = (0..240)
        .map(|_| {
            let [a, b, c, label] = [0; 4].map(|_| number());
            format!("{a},{b},{c},{}\n", ["x", "y", "z"][label as usize % 3])
        })
        .collect();
    place.write("table.csv", &format!("a,b,c,label\n{rows}"));
    let recipe = "[data]\nkind = \"csv\"\npath = \"table.csv\"\n[model]\nlayers = [\n\
        { type = \"dense\", units = 64 }, { type = \"relu\" }, { type = \"dense\", units = \"classes\" }]\n\
        [train]\nepochs = 60\nbatch_size = 16\noptimizer = { type = \"adam\", lr = 1e-2 }\n";
    assert_nothing_learned(&place, recipe, "");
}

#[test]
fn numbers_that_do_not_follow_from_the_inputs_are_told() {
    let place = Place::new();
    let rows: String =
        (0..200u64).map(|i| format!("{},{}\n", i % 10, i * i * 7_919 % 1_009)).collect();
    place.write("table.csv", &format!("a,y\n{rows}"));
    let recipe = "[run]\ntask = \"regress\"\n[data]\nkind = \"csv\"\npath = \"table.csv\"\n[model]\n\
        layers = [{ type = \"dense\", units = \"outputs\" }]\n[train]\nepochs = 3\n\
        loss = \"mean_squared_error\"\n";
    let out = assert_nothing_learned(&place, recipe, "");
    assert!(out.contains("always answering the mean"), "{out}");
}

#[test]
fn a_short_run_that_learns_keeps_its_star() {
    let place = Place::new();
    let (out, record) = trained(&place, TINY, "--set train.epochs=1");
    assert!(out.contains("★ best valid.loss") && out.contains("next: glassbox predict"), "{out}");
    assert_eq!(record["verdict"], Value::Null);
    // 180 validation items, stratified: 18 or so of each digit.
    let accuracy = record["baseline"]["baseline_constant_accuracy"].as_f64().unwrap();
    assert!((0.09..0.12).contains(&accuracy), "{record}");
    let loss = record["baseline"]["baseline_constant_loss"].as_f64().unwrap();
    assert!((loss - 10f64.ln()).abs() < 0.01, "{record}");
    assert!(out.contains("     best constant answer: loss 2.30"), "{out}");
    let evaluated: Value = serde_json::from_str(&place.run("eval last --json").ok()).unwrap();
    let test = &record["test"]["baseline_constant_accuracy"];
    assert_eq!(&evaluated["baseline_constant_accuracy"], test);
}

#[test]
fn what_comes_next_is_what_the_run_can_do() {
    let place = Place::new();
    let recipe = "[data]\nkind = \"synthetic\"\npattern = \"moons\"\nsamples = 300\n[model]\nlayers = [\n\
        { type = \"dense\", units = 16 }, { type = \"relu\" }, { type = \"dense\", units = \"classes\" }]\n\
        [train]\nepochs = 15\noptimizer = { type = \"adam\", lr = 1e-2 }\n";
    let (out, _) = trained(&place, recipe, "");
    assert!(out.contains("next: glassbox eval runs/") && !out.contains("predict"), "{out}");
    assert!(!place.run("generate last").failed(1).contains("predict"));
}
