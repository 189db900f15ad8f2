//! Runs made by the first version (commit 796fc4b), kept beside this file with what that version
//! said of them: they still evaluate, predict, generate and resume.

#[path = "../common/mod.rs"]
mod common;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::Place;

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/earlier_runs")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => _ = fs::copy(entry.path(), to).unwrap(),
        }
    }
}

/// A place with one of the runs, `runs/NAME`, and the data it was trained on.
fn with_run(name: &str) -> Place {
    let place = Place::new();
    for data in ["price.csv", "cats.txt", "words.csv"] {
        fs::copy(kept().join(data), place.path().join(data)).unwrap();
    }
    let run = place.path().join("runs").join(name);
    copy(&kept().join(name), &run);
    // It noted absolute paths: here those of the machine it was made on.
    let resolved = fs::read_to_string(run.join("resolved.toml")).unwrap();
    let resolved = resolved.replace("/DATA", place.path().to_str().unwrap());
    fs::write(run.join("resolved.toml"), resolved).unwrap();
    place
}

fn assert_close(new: &Value, old: &Value, what: &str) {
    let (new, old) = (new.as_f64().unwrap(), old.as_f64().unwrap());
    assert!((new - old).abs() <= 1e-5 * old.abs().max(1.0), "{what}: {new}, was {old}");
}

const NAMES: [&str; 4] = ["digits", "price", "cats", "words"];

#[test]
fn they_evaluate_to_the_same_scores() {
    for name in NAMES {
        let place = with_run(name);
        let old: Value =
            serde_json::from_str(&fs::read_to_string(place.run_file("scores.json")).unwrap())
                .unwrap();
        let new = place.eval("");
        assert_eq!((&new["n"], &new["split"]), (&old["n"], &old["split"]), "{name}");
        for (key, value) in old.as_object().unwrap() {
            // A token is not always a character.
            let key = if key == "bits_per_character" { "bits_per_token" } else { key };
            if !["n", "split", "run"].contains(&key) {
                assert_close(&new[key], value, &format!("{name}: {key}"));
            }
        }
    }
}

#[test]
fn they_predict_what_they_predicted() {
    let old = |place: &Place| -> Vec<Value> {
        let lines = fs::read_to_string(place.run_file("predicted.jsonl")).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let place = with_run("price");
    place.write("new.csv", "size,color\n40,red\n61.5,blue\n");
    let new = place.json("predict last new.csv --json");
    assert_eq!(new.len(), 2);
    for (new, old) in new.iter().zip(old(&place)) {
        assert_close(&new["values"]["price"], &old["values"]["price"], "price");
    }
    let place = with_run("words");
    place.write("new.csv", "text\ngood thing 1\n");
    let (new, old) = (place.json("predict last new.csv --json"), old(&place));
    assert_eq!(new[0]["class"], old[0]["class"]);
    assert_close(&new[0]["probabilities"]["pos"], &old[0]["probabilities"]["pos"], "words");
}

#[test]
fn they_resume_and_are_reported() {
    for name in NAMES {
        let place = with_run(name);
        let before = place.record();
        place.run("resume last --epochs +2").ok();
        let after = place.record();
        assert_eq!(after["epoch"].as_u64(), before["epoch"].as_u64().map(|epoch| epoch + 2));
        let (loss, worst) = (after["train"]["loss"].as_f64(), before["train"]["loss"].as_f64());
        assert!(loss < worst.map(|loss| 1.1 * loss), "{name}: {after}");
        place.run("report last").ok();
        assert!(place.run_file("report.html").is_file(), "{name}");
        assert!(place.run("runs ls").ok().contains(name));
    }
    with_run("cats").run("generate last --length 20").ok();
    with_run("cats").run("states last --text the").ok();
}
