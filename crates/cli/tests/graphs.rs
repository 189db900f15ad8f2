//! Models with branches: written in a recipe, trained, looked at, used.

mod common;

use common::Place;

const BRANCHES: &str = r#"[run]
name = "branches"
seed = 3
[data]
kind = "digits"
split = { train = 0.2, valid = 0.1, test = 0.1 }
[model]
layers = [
  { type = "conv2d", filters = 4, kernel = 3, padding = "same", name = "stem" },
  { type = "conv2d", filters = 4, kernel = 3, padding = "same", name = "wide", from = "stem" },
  { type = "conv2d", filters = 2, kernel = 1, name = "thin", from = "stem" },
  { type = "relu" },
  { type = "conv2d", filters = 4, kernel = 1, from = ["wide", "3"], join = "concat", name = "both" },
  { type = "add", from = ["both", "stem"] },
  { type = "relu" },
  { type = "global_avg_pool" },
  { type = "dense", units = "classes", name = "head" },
]
[train]
epochs = 2
batch_size = 32
optimizer = { type = "adam", lr = 1e-2 }
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("r.toml", BRANCHES);
    place
}

#[test]
fn a_summary_shows_who_takes_what_and_what_runs_as_one() {
    let place = place();
    let shown = place.run("summary r.toml --fused").ok();
    for part in [
        "stem  conv2d 3×3, 4 filters",
        "wide, 3",
        "concat, conv2d 1×1, 4 filters",
        "both, stem",
        "thin + 3",
        "conv2d + relu",
        "5 + 6",
        "add + relu",
    ] {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
    let plain = place.run("summary r.toml").ok();
    assert!(!plain.contains("runs as"), "{plain}");
}

#[test]
fn branches_are_trained_evaluated_and_resumed() {
    let place = place();
    place.run("train r.toml --set model.layers.both.filters=4").ok();
    let eval = place.run("eval last --json").ok();
    assert!(eval.contains("\"accuracy\""), "{eval}");
    place.run("resume last --epochs +1").ok();
    let resolved = std::fs::read_to_string(
        place.path().join("runs").join(place.run_name()).join("resolved.toml"),
    );
    let resolved = resolved.unwrap();
    assert!(
        resolved.contains(r#"name = "both", from = ["wide", "3"], join = "concat""#),
        "{resolved}"
    );
}

#[test]
fn what_makes_no_graph_is_told_at_its_place() {
    for (from, to, parts) in [
        (r#"from = "stem" },"#, r#"from = "stme" },"#, &["GB0209", "stme", "stem, thin, wide"][..]),
        (
            r#"name = "thin", from = "stem""#,
            r#"name = "thin", from = "both""#,
            &["GB0210", "both ← "],
        ),
        (r#"["both", "stem"]"#, r#"["both", "thin"]"#, &["GB0207", "8×8×4 and 8×8×2"]),
        (r#", join = "concat""#, "", &["GB0204", "join = \"add\""]),
        (r#"["wide", "3"], join = "concat""#, r#""3""#, &["GB0211", "wide"]),
        (r#"join = "concat""#, r#"join = "cat""#, &["\"add\", \"mul\" or \"concat\""]),
        (r#"name = "thin""#, r#"nmae = "thin""#, &["nmae", "name"]),
    ] {
        let place = place();
        let recipe = BRANCHES.replacen(from, to, 1);
        assert_ne!(recipe, BRANCHES, "{from}");
        place.write("r.toml", &recipe);
        let err = place.run("check r.toml").failed(2);
        for part in parts {
            assert!(err.contains(part), "{part:?} is not in\n{err}");
        }
    }
}
