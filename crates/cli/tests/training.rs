//! From a recipe to a trained, evaluated, resumed and used model.

mod common;

use common::{Ended, Place, TINY};
use serde_json::Value;

/// What changes from run to run in the output: the run's name and the times.
fn stable(text: &str, run: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.replace(run, "RUN");
        let is_time = |word: &str| {
            word.len() > 1
                && word
                    .trim_end_matches('s')
                    .chars()
                    .all(|c| c.is_ascii_digit() || c == '.' || c == ':')
                && (word.ends_with('s') || word.contains(':'))
        };
        let words: Vec<&str> =
            line.split(' ').map(|word| if is_time(word) { "TIME" } else { word }).collect();
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Weights, as bytes.
fn weights(place: &Place, run: &str, which: &str) -> Vec<u8> {
    let path = place.path().join("runs").join(run).join("checkpoints");
    std::fs::read(path.join(format!("{which}.safetensors"))).unwrap()
}

#[test]
fn a_run_from_beginning_to_end() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    let out = place.run("train tiny.toml").ok();
    let run = place.run_name();
    assert!(run.contains("-tiny-"), "{run}");
    insta::assert_snapshot!(stable(&out, &run));

    let folder = place.path().join("runs").join(&run);
    assert_eq!(std::fs::read_to_string(folder.join("recipe.toml")).unwrap(), TINY);
    let record: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("run.json")).unwrap()).unwrap();
    assert_eq!((&record["status"], &record["epoch"]), (&"finished".into(), &3.into()));

    let out = place.run("eval last --json").ok();
    let object: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&object["split"], &object["n"]), (&"test".into(), &180.into()));
    assert_eq!(object["accuracy"], record["test"]["accuracy"]);
    assert!(object["accuracy"].as_f64().unwrap() > 0.5, "{object}");
    assert_eq!(out.lines().count(), 1);
    let valid: Value =
        serde_json::from_str(&place.run("eval tiny --split valid --checkpoint last --json").ok())
            .unwrap();
    assert_eq!(valid["loss"], record["valid"]["loss"]);
    assert!(place.run(&format!("eval runs/{run}")).ok().contains("180 test items"));

    let out = place.run("runs ls").ok();
    assert!(out.contains(&run) && out.contains("finished") && out.contains("3/3"), "{out}");
    assert!(place.run(&format!("runs rm {run}")).ok().contains("removed"));
    assert!(!folder.exists());
}

#[test]
fn baselines_stand_beside_the_model() {
    let place = Place::new();
    let recipe = r#"
[data]
kind = "synthetic"
pattern = "sine"
samples = 100
length = 12
[model]
layers = [{ type = "rnn", units = 4, return = "last" }, { type = "dense", units = "outputs" }]
[train]
epochs = 1
"#;
    place.write("sine.toml", recipe);
    let out = place.run("train sine.toml").ok();
    assert!(out.contains("last value: mae "), "{out}");
    assert!(place.run("eval last").ok().contains("last value: mae "));
    let object: Value = serde_json::from_str(&place.run("eval last --json").ok()).unwrap();
    for key in ["rmse", "mae", "baseline_last_rmse", "baseline_last_mae"] {
        assert!(object[key].is_f64(), "{key}: {object}");
    }
}

#[test]
fn the_same_seed_gives_the_same_weights_on_any_number_of_threads() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    for threads in [1, 3] {
        place.run(&format!("train tiny.toml --runs runs-{threads} --threads {threads}")).ok();
    }
    let bytes = |threads: usize| {
        let runs = place.path().join(format!("runs-{threads}"));
        let run = std::fs::read_dir(runs).unwrap().next().unwrap().unwrap().path();
        std::fs::read(run.join("checkpoints/last.safetensors")).unwrap()
    };
    assert_eq!(bytes(1), bytes(3));
}

#[test]
fn json_progress_is_one_object_a_line() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    let out = place.run("train tiny.toml --progress json --set train.epochs=1 --seed 9").ok();
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(
        (names[0], names[1], *names.last().unwrap()),
        ("run_start", "epoch_start", "finished")
    );
    assert_eq!(names.iter().filter(|name| **name == "step").count(), 12);
    assert_eq!(events[0]["seed"], 9);
    assert!(events.last().unwrap()["test"]["accuracy"].is_number());
}

#[test]
fn more_epochs_give_what_a_longer_run_gives() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    place.run("train tiny.toml --set train.epochs=2 --runs short").ok();
    place.run("train tiny.toml --set train.epochs=4 --runs long").ok();
    let out = place.run("resume last --runs short").ok();
    assert!(out.contains("has trained its 2 epochs"), "{out}");
    place.run("resume last --epochs +2 --runs short").ok();
    let bytes = |runs: &str| {
        let run = std::fs::read_dir(place.path().join(runs)).unwrap().next().unwrap().unwrap();
        std::fs::read(run.path().join("checkpoints/last.safetensors")).unwrap()
    };
    assert_eq!(bytes("short"), bytes("long"));
    let err = place.run("resume last --epochs 1 --runs short").failed(2);
    assert!(err.contains("has 4 epochs already"), "{err}");
    assert_eq!(place.run("resume last --epochs many --runs short").status, 2);
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_is_saved_and_resumes_to_the_same_bits() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let place = Place::new();
    place.write("tiny.toml", TINY);
    let train = "train tiny.toml --set train.epochs=40 --progress json";
    place.run(&format!("{train} --runs whole")).ok();

    let mut child =
        place.command(train).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_step_30 = |line: &str| line.contains("\"event\":\"step\",\"step\":30,");
    assert!(lines.any(|line| is_step_30(&line.unwrap())), "training reaches step 30");
    assert!(
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success()
    );
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    let ended = Ended::new(&child.wait_with_output().unwrap());
    assert_eq!(ended.status, 130, "{ended:?}");
    assert!(rest.last().unwrap().contains("\"event\":\"interrupted\""), "{rest:?}");

    let run = place.run_name();
    assert!(place.run("runs ls").ok().contains("interrupted"));
    place.run("resume last").ok();
    let whole = std::fs::read_dir(place.path().join("whole")).unwrap().next().unwrap().unwrap();
    let whole = std::fs::read(whole.path().join("checkpoints/last.safetensors")).unwrap();
    assert_eq!(weights(&place, &run, "last"), whole);
}

#[test]
fn images_and_tables_are_predicted() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    let table: String = (0..120)
        .map(|i| format!("{},{},{}\n", i % 7, i % 5, if i % 7 > i % 5 { "left" } else { "right" }))
        .collect();
    place.write("table.csv", &format!("a,b,side\n{table}"));
    let recipe = TINY
        .replace(
            "\"digits\"\nsplit = { train = 0.2, valid = 0.1, test = 0.1 }",
            "\"csv\"\npath = \"table.csv\"",
        )
        .replace("  { type = \"flatten\" },\n", "");
    place.write("side.toml", &recipe);
    place.run("train side.toml --set train.epochs=30").ok();
    place.write("new.csv", "a,b\n6,0\n0,4\n");
    let out = place.run("predict last new.csv").ok();
    let rows: Vec<&str> = out.lines().collect();
    assert!(
        rows[0].starts_with("new.csv:1  left ") && rows[1].starts_with("new.csv:2  right "),
        "{out}"
    );
    let out = place.run("predict last new.csv --json").ok();
    let object: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(object["class"], "left");
    let sum: f64 =
        object["probabilities"].as_object().unwrap().values().map(|p| p.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{object}");
    // One bad file does not keep the others from being predicted.
    place.write("bad.csv", "a\n1\n");
    let ended = place.run("predict last bad.csv new.csv missing.csv");
    assert_eq!((ended.status, ended.out.lines().count()), (1, 2), "{ended:?}");
    assert!(ended.err.contains("2 of 3 files failed"), "{ended:?}");
}

#[test]
fn a_run_of_other_data_does_not_go_on() {
    let place = Place::new();
    let table: String = (0..60).map(|i| format!("{},{}\n", i, i % 2)).collect();
    place.write("table.csv", &format!("a,class\n{table}"));
    let recipe = TINY
        .replace(
            "\"digits\"\nsplit = { train = 0.2, valid = 0.1, test = 0.1 }",
            "\"csv\"\npath = \"table.csv\"\ncategorical = [\"class\"]",
        )
        .replace("  { type = \"flatten\" },\n", "");
    place.write("recipe.toml", &recipe);
    place.run("train recipe.toml").ok();
    let before = weights(&place, &place.run_name(), "last");
    place.write("table.csv", &format!("a,class\n{table}99,1\n"));
    let err = place.run("resume last --epochs +1").failed(1);
    assert!(err.contains("GB0512"), "{err}");
    assert_eq!(weights(&place, &place.run_name(), "last"), before);
}

#[test]
fn damaged_checkpoints_are_told_and_left_alone() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    place.run("train tiny.toml --set train.epochs=1").ok();
    let folder = place.path().join("runs").join(place.run_name()).join("checkpoints");
    for (name, command) in [
        ("best.safetensors", "eval last"),
        ("best.safetensors", "predict last tiny.toml"),
        ("training-state.safetensors", "resume last --epochs +1"),
    ] {
        let path = folder.join(name);
        let whole = std::fs::read(&path).unwrap();
        for damaged in [&whole[..whole.len() / 2], &whole[..4], b"not a checkpoint"] {
            std::fs::write(&path, damaged).unwrap();
            let err = place.run(command).failed(1);
            assert!(err.contains("GB0502"), "{command}: {err}");
            assert_eq!(std::fs::read(&path).unwrap(), damaged);
        }
        std::fs::write(&path, whole).unwrap();
    }
    place.run("eval last").ok();
}
