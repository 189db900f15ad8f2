//! Inputs from outside, kept in `GLASSBOX_SHARED/cases` or `../shared/cases` beside the workspace:
//! each folder by its name, with the right answer. Skipped with a message where they are not there.

#[path = "../common/mod.rs"]
mod common;

mod data;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::Place;

/// A place with a copy of the case's files, or nothing with a message.
fn case(name: &str) -> Option<Place> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("GLASSBOX_SHARED").map_or_else(beside, PathBuf::from);
    let folder = shared.join("cases").join(name);
    if !folder.is_dir() {
        // Written past the test harness, which would hide it.
        let message = format!("SKIPPED: no {}; set GLASSBOX_SHARED\n", folder.display());
        let _ = std::io::stderr().write_all(message.as_bytes());
        return None;
    }
    let place = Place::new();
    copy(&folder, place.path());
    Some(place)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &to),
            // What is copied from a read-only file may be written.
            false => fs::write(&to, fs::read(&path).unwrap()).unwrap(),
        }
    }
}

fn rows(place: &Place, file: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(place.path().join(file)).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[track_caller]
fn close(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= 1e-5 * wanted.abs().max(1e-2), "{found}, not {wanted}");
}

/// The values of all tensors of a checkpoint.
fn weights(place: &Place, runs: &str) -> Vec<f32> {
    let run = fs::read_dir(place.path().join(runs)).unwrap().next().unwrap().unwrap().path();
    let bytes = fs::read(run.join("checkpoints/last.safetensors")).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let values = bytes[8 + header..].chunks_exact(4);
    values.map(|value| f32::from_le_bytes(value.try_into().unwrap())).collect()
}

/// The last accumulated group is weighted by its items: as one batch of all.
#[test]
fn accumulate_even() {
    let Some(place) = case("accumulate-even") else { return };
    let run = |runs: &str, set: &str| {
        let set = format!("--set train.batch_size={set}");
        place.run(&format!("train r.toml --runs {runs} {set}")).ok();
    };
    run("whole", "1025");
    run("parts", "256 --set train.accumulate=5");
    let pairs = weights(&place, "whole").into_iter().zip(weights(&place, "parts"));
    let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest < 1e-6, "{largest}");
}

#[test]
fn bidirectional_language_model() {
    let Some(place) = case("bidirectional-language-model") else { return };
    for command in ["check r.toml", "train r.toml"] {
        let err = place.run(command).failed(2);
        assert!(err.contains("GB0140") && err.contains("token that it is to predict"), "{err}");
    }
}

#[test]
fn class_weights_order() {
    let Some(place) = case("class-weights-order") else { return };
    // Three weights are not enough for four classes; by name they need no order.
    let err = place.run("check r.toml").failed(2);
    assert!(err.contains("`10`, `9`, `no` and `yes`") && err.contains("by name"), "{err}");
    let mut command = place.command("check r.toml --set");
    let set = "train.loss={type=\"cross_entropy\",class_weights={yes=2,no=1,10=1,9=1}}";
    assert!(command.arg(set).status().unwrap().success());
}

/// 99.2 % of all 2,000 rows; and what other classes or other rows are.
#[test]
fn eval_refits_normalisation() {
    let Some(place) = case("eval-refits-normalisation") else { return };
    place.run("train r.toml").ok();
    let scores = place.eval("--set data.path=new.csv");
    let predictions = place.json("predict last new.csv --json");
    let text = fs::read_to_string(place.path().join("new.csv")).unwrap();
    let header: Vec<_> = text.lines().next().unwrap().split(',').collect();
    let label = header.iter().position(|name| *name == "y").unwrap_or(header.len() - 1);
    let labels = rows(&place, "new.csv");
    let right = predictions.iter().zip(&labels).filter(|(p, row)| p["class"] == *row[label]);
    close(number(&scores["accuracy"]), right.count() as f64 / labels.len() as f64);
    assert!(number(&scores["accuracy"]) > 0.98, "{scores}");
    let err = place.run("eval last --set data.path=other-classes.csv").failed(1);
    assert!(err.contains("GB0341") && err.contains("zero"), "{err}");
    let more = text.split_once('\n').unwrap().1;
    let own = fs::read_to_string(place.path().join("train.csv")).unwrap();
    place.write("train.csv", &format!("{own}{more}"));
    let err = place.run("eval last").failed(1);
    assert!(err.contains("GB0516"), "{err}");
}

#[test]
fn moved_project() {
    let Some(place) = case("moved-project") else { return };
    let (p, q) = (place.path().join("p"), place.path().join("q"));
    fs::create_dir(&p).unwrap();
    for file in ["r.toml", "t.csv"] {
        fs::rename(place.path().join(file), p.join(file)).unwrap();
    }
    let run = |folder: &Path, arguments: &str| {
        let output = place.command(arguments).current_dir(folder).output().unwrap();
        common::Ended::new(&output).ok()
    };
    run(&p, "train r.toml");
    fs::rename(&p, &q).unwrap();
    run(&q, "eval last --split train");
    run(&q, "resume last --epochs +1");
}

#[test]
fn nan_state_poisoned() {
    for recipe in ["r.toml", "r2.toml"] {
        let Some(place) = case("nan-state-poisoned") else { return };
        place.run(&format!("train {recipe}")).failed(1);
        let record = place.record();
        assert!(record["best"]["epoch"].as_u64().unwrap() >= 1, "{record}");
        assert!(place.run_file("checkpoints/best.safetensors").is_file());
        place.run("resume last --set train.optimizer.lr=0.01 --epochs 20").ok();
        assert_eq!(place.record()["status"], "finished");
    }
}

/// scikit-learn's `r2_score`: by column, then the mean.
#[test]
fn r2_multi_output() {
    let Some(place) = case("r2-multi-output") else { return };
    place.run("train r.toml").ok();
    let (scores, predictions) = (place.eval("t.csv"), place.json("predict last t.csv --json"));
    let table = rows(&place, "t.csv");
    let mut mean = 0.0;
    for (name, column) in [("y1", 2), ("y2", 3)] {
        let truth: Vec<f64> = table.iter().map(|row| row[column].parse().unwrap()).collect();
        let average = truth.iter().sum::<f64>() / truth.len() as f64;
        let total: f64 = truth.iter().map(|y| (y - average).powi(2)).sum();
        let errors = predictions.iter().zip(&truth).map(|(p, y)| number(&p["values"][name]) - y);
        let r2 = 1.0 - errors.map(|error| error * error).sum::<f64>() / total;
        close(number(&scores[format!("r2.{name}")]), r2);
        mean += r2 / 2.0;
    }
    close(number(&scores["r2"]), mean);
    assert!(mean < 0.1, "noise is not learned: {mean}");
}

/// What the README promises of `resume last --epochs +5` holds, and what does not is said.
#[test]
fn readme_resume_plus_5() {
    let Some(place) = case("readme-resume-plus-5") else { return };
    place.write("tiny.toml", common::TINY);
    place.run("train tiny.toml --runs a --set train.epochs=6").ok();
    place.run("resume last --runs a --epochs +3").ok();
    place.run("train tiny.toml --runs b --set train.epochs=9").ok();
    assert_eq!(weights(&place, "a"), weights(&place, "b"), "a constant rate");
    let falls = "--set train.schedule=cosine";
    place.run(&format!("train tiny.toml --runs c --set train.epochs=6 {falls}")).ok();
    let ended = place.run("resume last --runs c --epochs +3");
    assert!(ended.err.contains("is stretched over 9 epochs"), "{ended:?}");
}

#[test]
fn resume_after_early_stop() {
    let Some(place) = case("resume-after-early-stop") else { return };
    place.run("train r.toml").ok();
    let before = place.record();
    let stopped = before["epoch"].as_u64().unwrap();
    assert!(stopped < 50, "{before}");
    place.run("resume last").ok();
    assert_eq!(place.record(), before, "nothing more is trained");
    place.run("resume last --epochs +2").ok();
    assert!(place.record()["epoch"].as_u64().unwrap() <= stopped + 2);
    assert_eq!(place.record()["epochs"], stopped + 2);
}

#[test]
fn resume_one_cycle_longer() {
    let Some(place) = case("resume-one-cycle-longer") else { return };
    place.run("train r.toml").ok();
    let ended = place.run("resume last --epochs +2");
    assert!(ended.err.contains("one_cycle was planned over 10 epochs"), "{ended:?}");
    for choice in ["continue", "stretch", "restart"] {
        assert!(ended.err.contains(choice), "{ended:?}");
    }
}

#[test]
fn schedule_impossible_numbers() {
    let Some(place) = case("schedule-impossible-numbers") else { return };
    for schedule in [
        r#"{type="step",every=0}"#,
        r#"{type="cosine_restarts",epochs=0}"#,
        r#"{type="cyclic",up=0}"#,
        r#"{type="one_cycle",div=0}"#,
        r#"{type="one_cycle",final_div=0}"#,
        r#"{type="exponential",gamma=-0.5}"#,
        r#"{type="reduce_on_plateau",factor=-1}"#,
    ] {
        let mut command = place.command("check r.toml --set");
        let ended = command.arg(format!("train.schedule={schedule}")).output().unwrap();
        let err = common::Ended::new(&ended).failed(2);
        assert!(err.contains("GB0108"), "{schedule}: {err}");
    }
}

#[test]
fn stateful_eval_forgets() {
    let Some(place) = case("stateful-eval-forgets") else { return };
    place.run("train r.toml").ok();
    let record = place.record();
    let scores = place.eval("--split valid");
    close(number(&scores["loss"]), number(&record["best"]["value"]));
    assert!(number(&scores["loss"]) < 0.02, "{scores}");
    let text = place.run("generate last --temperature 0 --length 60 --prompt aaab").ok();
    assert!(text.contains(&format!("b{}b{}b", "a".repeat(11), "a".repeat(11))), "{text}");
}

/// The loss of the set is divided by the weights of all rows.
#[test]
fn weighted_valid_loss_sorted() {
    let Some(place) = case("weighted-valid-loss-sorted") else { return };
    place.run("train r.toml").ok();
    let scores = place.eval("--split train --checkpoint last");
    let predictions = place.json("predict last t.csv --json --checkpoint last");
    let (mut loss, mut weights) = (0.0, 0.0);
    for (prediction, row) in predictions.iter().zip(rows(&place, "t.csv")) {
        let weight = if row[2] == "rare" { 19.0 } else { 1.0 };
        loss -= weight * number(&prediction["probabilities"][&row[2]]).ln();
        weights += weight;
    }
    close(number(&scores["loss"]), loss / weights);
}

/// Every folder has a test of its name, here or where its program is rebuilt.
#[test]
fn every_case_has_a_test() {
    /// Programs, signals and processes, tested in other files.
    const ELSEWHERE: [(&str, &str); 4] = [
        ("log-softmax-large-logits", "../tensor/src/ops/log_softmax.rs"),
        ("plateau-first-score-infinite", "../train/src/schedule/reduce_on_plateau.rs"),
        ("nohup-stops-on-hangup", "tests/right_answers/runs.rs"),
        ("two-sessions-on-one-run", "tests/right_answers/runs.rs"),
    ];
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = |name: &str| fs::read_to_string(here.join("tests/cases").join(name)).unwrap();
    let source = file("main.rs") + &file("data.rs");
    let shared = here.join("../../../shared/cases");
    let folders = fs::read_dir(shared).into_iter().flatten().flatten();
    for name in folders.map(|entry| entry.file_name().into_string().unwrap()) {
        let elsewhere = ELSEWHERE.iter().find(|(case, _)| *case == name);
        match elsewhere {
            Some((_, file)) => assert!(here.join(file).is_file(), "{file} of {name}"),
            None => {
                let function = format!("fn {}()", name.replace('-', "_"));
                assert!(source.contains(&function), "{name} has no test");
            }
        }
    }
}
