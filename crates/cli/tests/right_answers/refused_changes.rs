//! A resumption that cannot train changes nothing, and one that can says what becomes of what was
//! asked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{Place, TINY};

/// Every file of the only run and its bytes, without the lock, which names the last process.
fn files(place: &Place) -> BTreeMap<String, Vec<u8>> {
    fn add(folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                add(&path, all);
            } else if entry.file_name() != "run.lock" {
                all.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    add(&place.run_file(""), &mut all);
    all
}

/// A run of 3 epochs of 12 steps, of which the steps 20, 25, 30 and 35 are kept.
fn tiny() -> Place {
    let place = Place::new();
    place.write("tiny.toml", &format!("{TINY}checkpoint_every = {{ steps = 5 }}\n"));
    place.run("train tiny.toml").ok();
    place
}

#[test]
fn a_resumption_that_does_not_begin_leaves_the_run_as_it_is() {
    let place = tiny();
    // The recipe is no longer that of the weights: known only when they are put into the model.
    let resolved = place.run_file("resolved.toml");
    let text = fs::read_to_string(&resolved).unwrap();
    fs::write(&resolved, text.replace("units = 16", "units = 8")).unwrap();
    let before = files(&place);
    assert!(before.keys().any(|name| name.ends_with("step-35.safetensors")), "{:?}", before.keys());
    let command = "resume last --from 20 --set train.batch_size=16 --progress json";
    let ended = place.run(command);
    assert!(ended.err.contains("GB0506"), "{ended:?}");
    let event: Value = serde_json::from_str(ended.out.trim()).unwrap();
    assert_eq!((&event["event"], &event["code"]), (&"error".into(), &"GB0506".into()));
    assert_eq!(ended.status, 1, "{ended:?}");
    let after = files(&place);
    assert!(before.keys().eq(after.keys()), "{:?}", after.keys());
    let other: Vec<_> = before.iter().filter(|(name, bytes)| after[*name] != **bytes).collect();
    assert!(other.is_empty(), "{:?}", other.iter().map(|(name, _)| name).collect::<Vec<_>>());
    // Put right, it resumes from there.
    fs::write(&resolved, text).unwrap();
    let ended = place.run("resume last --from 20 --set train.batch_size=16");
    assert!(ended.err.contains("train.batch_size = 32 → 16"), "{ended:?}");
    ended.ok();
    assert_eq!(place.record()["epoch"], 3);
}

#[test]
fn streams_of_another_number_begin_their_epoch_again() {
    let place = Place::new();
    let text: String = (0..400).map(|i| format!("{} {} ", i % 7, (i * i) % 11)).collect();
    place.write("t.txt", &text);
    let recipe = r#"
[data]
kind = "text"
path = "t.txt"
seq_len = 8
[model]
layers = [{ type = "embedding", dim = 4 }, { type = "gru", units = 5 }, { type = "dense", units = "vocab" }]
[train]
epochs = 2
batch_size = 8
stateful = true
checkpoint_every = { steps = 3 }
"#;
    place.write("r.toml", recipe);
    place.run("train r.toml").ok();
    let kept = files(&place).into_keys().filter_map(|name| {
        let (_, step) = name.rsplit_once("step-")?;
        step.strip_suffix(".safetensors")?.parse::<u64>().ok()
    });
    let first = kept.min().unwrap();
    let ended = place.run(&format!("resume last --from {first} --set train.batch_size=4"));
    assert!(ended.err.contains("begins again: its items are in another order"), "{ended:?}");
    ended.ok();
    assert_eq!(place.record()["status"], "finished");
}

#[test]
fn an_end_that_was_passed_is_refused() {
    let place = tiny();
    let before = files(&place);
    for (arguments, told) in [
        ("--set train.epochs=1", "has 3 epochs already, more than 1"),
        ("--epochs 2", "has 3 epochs already, more than 2"),
        ("--from 30 --set train.epochs=1", "has 2 epochs already and a part of the next"),
        ("--from 30 --epochs 2", "has 2 epochs already and a part of the next"),
    ] {
        let err = place.run(&format!("resume last {arguments}")).failed(2);
        assert!(err.contains("GB0523") && err.contains(told), "{arguments}: {err}");
        assert!(before == files(&place), "{arguments}");
    }
}

#[test]
fn what_cannot_act_any_more_is_not_ignored() {
    let place = tiny();
    let before = files(&place);
    for (arguments, named) in [
        ("--set train.optimizer.lr=0.5", "--set train.optimizer.lr"),
        ("--set data.path=x.csv", "--set data.path"),
        ("--schedule restart", "--schedule"),
        ("--epochs 3 --set train.batch_size=4", "--set train.batch_size"),
        ("--set train.early_stop.patience=9", "--set train.early_stop.patience"),
    ] {
        let err = place.run(&format!("resume last {arguments}")).failed(2);
        assert!(err.contains("GB0523") && err.contains(named), "{arguments}: {err}");
        assert!(err.contains("--epochs +5"), "{arguments}: {err}");
        assert!(before == files(&place), "{arguments}");
    }
    assert!(place.run("resume last").ok().contains("has trained its 3 epochs"));
}

#[test]
fn a_run_whose_epochs_have_no_score_ends_with_its_last_weights() {
    let place = Place::new();
    // Most items are of class 2: the one item for validation is of it.
    let rows: String =
        (0..100).map(|i| format!("{},{}\n", i % 7, ["a", "b", "c", "c", "c"][i % 5])).collect();
    place.write("t.csv", &format!("x,y\n{rows}"));
    let recipe = r#"
[run]
task = "classify"
[data]
kind = "csv"
path = "t.csv"
target = "y"
split = { valid = 0.01, test = 0.2 }
[model]
layers = [{ type = "dense", units = "classes" }]
[train]
epochs = 2
"#;
    place.write("r.toml", recipe);
    let ignoring = "--set train.loss.type=cross_entropy --set train.loss.ignore_index=2";
    // Nothing could be chosen by it: told before training.
    for command in ["check", "train"] {
        let err = place.run(&format!("{command} r.toml {ignoring}")).failed(2);
        assert!(err.contains("no validation item counts"), "{err}");
    }
    // A run that exists is resumed, and ends with what it has.
    place.run("train r.toml").ok();
    let ended = place.run(&format!("resume last --epochs +1 {ignoring} --progress json"));
    assert!(ended.out.contains("\"event\":\"finished\""), "{ended:?}");
    ended.ok();
    assert!(place.record()["test"]["loss"].is_number(), "{}", place.record());
}
