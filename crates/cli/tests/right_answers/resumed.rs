//! Resume promises what it does: how many epochs, at which rates, on which data.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::common::{Ended, Place, TINY};

/// A quick regression beside its data.
const RECIPE: &str = r#"
[run]
name = "nu"
[data]
kind = "csv"
path = "t.csv"
[model]
layers = [{ type = "dense", units = "outputs" }]
[train]
epochs = 2
"#;

fn table() -> String {
    let rows: String = (1..=20).map(|i| format!("{i},{}\n", 2 * i)).collect();
    format!("a,y\n{rows}")
}

fn folder(runs: &Path) -> std::path::PathBuf {
    fs::read_dir(runs).unwrap().next().unwrap().unwrap().path()
}

fn record(runs: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder(runs).join("run.json")).unwrap()).unwrap()
}

fn last(runs: &Path) -> Vec<u8> {
    fs::read(folder(runs).join("checkpoints/last.safetensors")).unwrap()
}

/// The learning rates of all steps in the log.
fn rates(runs: &Path) -> Vec<f64> {
    let log = fs::read_to_string(folder(runs).join("metrics.jsonl")).unwrap();
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let steps = events.filter(|event| event["event"] == "step");
    steps.map(|step| step["learning_rate"].as_f64().unwrap()).collect()
}

/// `place` with a run of `epochs` epochs of this schedule, and what resuming it says.
fn longer(schedule: &str, arguments: &str) -> (Place, Ended) {
    let place = Place::new();
    let recipe = RECIPE.replace("epochs = 2", &format!("epochs = 6\nschedule = {schedule}"));
    place.write("t.csv", &table());
    place.write("r.toml", &recipe);
    place.run("train r.toml").ok();
    let ended = place.run(&format!("resume last --epochs +3 {arguments}"));
    assert_eq!(ended.status, 0, "{ended:?}");
    (place, ended)
}

#[test]
fn a_constant_rate_trains_on_to_the_bits_of_a_longer_run() {
    let (place, ended) = longer("\"constant\"", "");
    assert!(!ended.err.contains("schedule"), "nothing to be said: {ended:?}");
    place.run("train r.toml --set train.epochs=9 --runs whole").ok();
    assert_eq!(last(&place.path().join("runs")), last(&place.path().join("whole")));
}

#[test]
fn a_schedule_that_spans_the_run_is_told_and_chosen() {
    // 14 training items in one batch: a step an epoch. A line from 1e-3 to 0 over 6 epochs.
    let line = "\"linear\"";
    let (place, ended) = longer(line, "");
    let told = "linear was planned over 6 epochs and is stretched over 9 epochs: the rate goes from \
                1.7e-4 to 3.3e-4";
    assert!(ended.err.contains(told), "{ended:?}");
    assert!(ended.err.contains("--schedule continue trains with 1.7e-4"), "{ended:?}");
    assert!(ended.err.contains("--schedule restart with 1.0e-3"), "{ended:?}");
    let close = |place: &Place, expected: [f64; 3]| {
        let rates = rates(&place.path().join("runs"));
        assert_eq!(rates.len(), 9);
        let near = rates[6..].iter().zip(expected).all(|(rate, e)| (rate - e).abs() < 1e-12);
        assert!(near, "{rates:?}");
    };
    close(&place, [3e-3 / 9.0, 2e-3 / 9.0, 1e-3 / 9.0]);
    close(&longer(line, "--schedule stretch").0, [3e-3 / 9.0, 2e-3 / 9.0, 1e-3 / 9.0]);
    close(&longer(line, "--schedule continue").0, [1e-3 / 6.0; 3]);
    close(&longer(line, "--schedule restart").0, [1e-3, 2e-3 / 3.0, 1e-3 / 3.0]);
    // A schedule with lengths of its own continues by itself, or begins again.
    let step = "{ type = \"step\", every = 2, gamma = 0.5 }";
    close(&longer(step, "").0, [1.25e-4, 1.25e-4, 6.25e-5]);
    close(&longer(step, "--schedule restart").0, [1e-3, 1e-3, 5e-4]);
}

#[test]
fn a_schedule_that_is_replaced_is_told_with_its_rates() {
    let place = Place::new();
    place.write("t.csv", &table());
    let more = "epochs = 6\ncheckpoint_every = { epochs = 1 }\nschedule = \"linear\"";
    place.write("r.toml", &RECIPE.replace("epochs = 2", more));
    place.run("train r.toml").ok();
    let runs = place.path().join("runs");
    let before = rates(&runs);
    let change = |from: usize, arguments: &str, told: &str| {
        let ended = place.run(&format!("resume last --from {from} {arguments}"));
        assert!(ended.err.contains(told), "{ended:?}");
        ended.ok();
        let after = rates(&runs);
        assert_eq!((after.len(), &after[..from]), (6, &before[..from]), "{arguments}");
        after[from..].to_vec()
    };
    // The last rate is the one that was recorded, not one of the schedule that comes.
    assert!((before[3] - 5e-4).abs() < 1e-12, "{before:?}");
    let rates = change(
        4,
        "--set train.schedule=constant",
        "schedule: constant from here on, as if it had always been: the rate goes from 5.0e-4 to \
         1.0e-3",
    );
    assert_eq!(rates, [1e-3, 1e-3]);
    let told = "exponential from here on, as if it had always been: the rate goes from 6.7e-4 to \
                1.3e-4; --schedule restart begins it here, with 5.0e-4";
    let set = "--set train.schedule={type=\"exponential\",gamma=0.5}";
    let rates = change(3, set, told);
    assert!((rates[0] - 1.25e-4).abs() < 1e-12, "{rates:?}");
}

#[test]
fn a_choice_outlasts_an_interruption() {
    let (place, _) = longer("\"cosine\"", "--schedule restart");
    let resolved = fs::read_to_string(folder(&place.path().join("runs")).join("resolved.toml"));
    assert!(resolved.unwrap().contains("schedule_span = { from = 6, epochs = 3 }"));
    // Stretched over the epochs since then.
    let ended = place.run("resume last --epochs +3");
    assert!(ended.err.contains("planned over epochs 7 to 9"), "{ended:?}");
    let rates = rates(&place.path().join("runs"));
    let cosine = |part: f64| 1e-3 * (1.0 + (std::f64::consts::PI * part).cos()) / 2.0;
    assert!((rates[9] - cosine(0.5)).abs() < 1e-12, "{rates:?}");
}

/// Every choice is about the span before it; what was trained stays as it was.
#[test]
fn choices_follow_each_other() {
    let (place, _) = longer("\"linear\"", "--schedule restart");
    let runs = place.path().join("runs");
    let line = |part: f64| 1e-3 * (1.0 - part);
    let mut all = rates(&runs);
    assert_eq!(all.len(), 9);
    for (choice, next) in [
        // Epochs 7 to 9, stretched to 12: half is left. Then its last rate is held.
        ("stretch", [line(3.0 / 6.0), line(4.0 / 6.0), line(5.0 / 6.0)]),
        ("continue", [line(5.0 / 6.0); 3]),
        ("restart", [line(0.0), line(1.0 / 3.0), line(2.0 / 3.0)]),
        ("stretch", [line(3.0 / 6.0), line(4.0 / 6.0), line(5.0 / 6.0)]),
    ] {
        place.run(&format!("resume last --epochs +3 --schedule {choice}")).ok();
        let after = rates(&runs);
        assert_eq!(after[..all.len()], all, "{choice}");
        let near = after[all.len()..].iter().zip(next).all(|(rate, e)| (rate - e).abs() < 1e-12);
        assert!(near && after.len() == all.len() + 3, "{choice}: {:?}", &after[all.len()..]);
        all = after;
    }
}

/// One of several writes; the others are refused, and the run is whole.
#[test]
fn several_resumptions_at_once_are_one() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    place.run("train tiny.toml").ok();
    let start = || {
        let mut command = place.command("resume last --epochs 300");
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let children: Vec<_> = (0..4).map(|_| start()).collect();
    let ends = children.into_iter().map(|mut child| child.wait().unwrap().code());
    let ends: Vec<_> = ends.collect();
    assert!(ends.contains(&Some(0)), "{ends:?}");
    // One that comes when all is done finds nothing to train.
    assert!(ends.iter().all(|code| matches!(code, Some(0 | 1))), "{ends:?}");
    assert!(ends.contains(&Some(1)), "{ends:?}");
    let runs = place.path().join("runs");
    assert_eq!(
        (&record(&runs)["status"], &record(&runs)["epoch"]),
        (&"finished".into(), &300.into())
    );
    assert_eq!(rates(&runs).len(), 300 * 12);
    place.run("eval last").ok();
}

#[test]
fn a_resumption_that_changes_nothing_keeps_what_was_chosen() {
    let place = Place::new();
    place.write("t.csv", &table());
    let more = "epochs = 6\ncheckpoint_every = { epochs = 1 }\nschedule = \"linear\"";
    place.write("r.toml", &RECIPE.replace("epochs = 2", more));
    place.run("train r.toml").ok();
    let told = place.run("resume last --epochs +3 --schedule continue");
    assert!(told.err.contains("its last rate"), "{told:?}");
    told.ok();
    let whole = last(&place.path().join("runs"));
    let again = place.run("resume last --from 7");
    assert!(!again.err.contains("is stretched"), "{again:?}");
    again.ok();
    assert_eq!(last(&place.path().join("runs")), whole);
}

#[test]
fn one_cycle_trained_longer_says_that_its_rate_rises_again() {
    let place = Place::new();
    let recipe = TINY
        .replace("{ type = \"adam\", lr = 1e-2 }", "{ type = \"sgd\", lr = 0.1, momentum = 0.9 }")
        + "schedule = { type = \"one_cycle\" }\n";
    place.write("oc.toml", &recipe);
    place.run("train oc.toml").ok();
    let ended = place.run("resume last --epochs +2");
    let told = "one_cycle was planned over 3 epochs and is stretched over 5 epochs: the rate goes \
                from 4.0e-7 to ";
    assert!(ended.err.contains(told), "{ended:?}");
    let rates = rates(&place.path().join("runs"));
    let (end, next) = (rates[35], rates[36]);
    assert!(end < 1e-6 && next > 1e-2, "12 steps an epoch: {end} {next}");
    let shown = format!("{next:.1e}");
    assert!(ended.err.contains(&format!("to {shown}")), "{ended:?}");
}

#[test]
fn plus_n_is_n_more_after_an_early_stop_too() {
    let place = Place::new();
    let stops = TINY.replace("epochs = 3", "epochs = 50")
        + "early_stop = { metric = \"valid.loss\", patience = 2, min_delta = 100.0 }\n";
    place.write("es.toml", &stops);
    place.run("train es.toml").ok();
    let runs = place.path().join("runs");
    let before = record(&runs);
    assert_eq!(before["epoch"], 3, "{before}");
    let weights = last(&runs);
    for _ in 0..2 {
        let out = place.run("resume last").ok();
        assert!(out.contains("stopped early after 3 of 50 epochs"), "{out}");
        assert!(out.contains("--epochs +5"), "{out}");
        assert_eq!((record(&runs), last(&runs)), (before.clone(), weights.clone()));
    }
    let ended = place.run("resume last --epochs +2");
    assert!(ended.err.contains("the patience of 2 epochs begins again"), "{ended:?}");
    let after = record(&runs);
    assert_eq!((&after["epoch"], &after["epochs"]), (&5.into(), &5.into()));
    let refused = place.run("resume last --epochs 4").failed(2);
    assert!(refused.contains("has 5 epochs already"), "{refused}");
}

#[test]
fn a_finished_run_trains_nothing_more() {
    let place = Place::new();
    place.write("t.csv", &table());
    place.write("r.toml", RECIPE);
    place.run("train r.toml").ok();
    let runs = place.path().join("runs");
    let before = record(&runs);
    for command in ["resume last", "resume last --epochs 2"] {
        let out = place.run(command).ok();
        assert!(out.contains("has trained its 2 epochs"), "{command}: {out}");
        assert_eq!(record(&runs), before);
    }
}

#[test]
fn a_project_can_be_moved() {
    let place = Place::new();
    let (old, new) = (place.path().join("p"), place.path().join("q"));
    fs::create_dir_all(old.join("recipes")).unwrap();
    fs::write(old.join("recipes/t.csv"), table()).unwrap();
    fs::write(old.join("recipes/r.toml"), RECIPE).unwrap();
    let run = |folder: &Path, arguments: &str| {
        Ended::new(&place.command(arguments).current_dir(folder).output().unwrap())
    };
    run(&old, "train recipes/r.toml").ok();
    let resolved = fs::read_to_string(folder(&old.join("runs")).join("resolved.toml")).unwrap();
    assert!(resolved.contains("path = \"../../recipes/t.csv\""), "{resolved}");
    fs::rename(&old, &new).unwrap();
    run(&new, "eval last --split train").ok();
    run(&new, "predict last recipes/t.csv").ok();
    run(&new, "resume last --epochs +1").ok();
    // From elsewhere as well.
    run(place.path(), "resume last --runs q/runs --epochs +1").ok();

    // The runs alone, moved away: the data is found where it was, which is said.
    fs::rename(new.join("runs"), place.path().join("elsewhere")).unwrap();
    for command in ["eval last --split train", "resume last --epochs +1"] {
        let ended = run(place.path(), &format!("{command} --runs elsewhere"));
        assert!(ended.err.contains("the data is read from "), "{command}: {ended:?}");
        ended.ok();
    }

    // The data moved: an error, and a way out that is noted down.
    fs::rename(new.join("recipes/t.csv"), place.path().join("new.csv")).unwrap();
    let err = run(place.path(), "resume last --runs elsewhere --epochs +1").failed(1);
    assert!(err.contains("GB0301"), "{err}");
    let set = "resume last --runs elsewhere --epochs +1 --set data.path=new.csv";
    run(place.path(), set).ok();
    let record = record(&place.path().join("elsewhere"));
    let history = record["history"].as_array().unwrap();
    let changes = &history.last().unwrap()["changes"];
    assert_eq!(
        (&changes[0]["key"], &changes[0]["new"]),
        (&"data.path".into(), &"\"../../new.csv\"".into())
    );
    run(place.path(), "resume last --runs elsewhere --epochs +1").ok();
}

#[test]
fn absolute_paths_stay_absolute() {
    let place = Place::new();
    place.write("t.csv", &table());
    let path = place.path().join("t.csv");
    place.write("r.toml", &RECIPE.replace("t.csv", path.to_str().unwrap()));
    place.run("train r.toml").ok();
    let resolved = folder(&place.path().join("runs")).join("resolved.toml");
    let text = fs::read_to_string(&resolved).unwrap();
    assert!(text.contains(&format!("path = \"{}\"", path.display())), "{text}");
}

#[test]
fn what_is_set_is_told_recorded_and_kept() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    place.run("train tiny.toml").ok();
    let set = "--set train.optimizer.lr=1e-3 --set model.layers.3.p=0.5 --set train.batch_size=16";
    let ended = place.run(&format!("resume last --epochs +1 {set}"));
    for told in ["train.optimizer.lr = 0.01 → 0.001", "model.layers.3.p = 0.1 → 0.5"] {
        assert!(ended.err.contains(told), "{ended:?}");
    }
    ended.ok();
    let runs = place.path().join("runs");
    let history = &record(&runs)["history"][0];
    assert_eq!((&history["epoch"], &history["step"]), (&3.into(), &36.into()), "{history}");
    assert_eq!(history["changes"].as_array().unwrap().len(), 4, "{history}");
    assert_eq!(rates(&runs)[36..].iter().filter(|rate| **rate == 1e-3).count(), 23);
    // What makes another model is refused, before anything is changed.
    let before = record(&runs);
    for key in
        ["model.layers.1.units=5", "data.normalize=none", "data.split.test=0.5", "run.task=regress"]
    {
        let err = place.run(&format!("resume last --epochs +1 --set {key}")).failed(2);
        assert!(err.contains("GB0522"), "{err}");
        assert_eq!(record(&runs), before);
    }
    // Another optimizer starts from scratch, which is said.
    let ended = place.run("resume last --epochs +1 --set train.optimizer=rmsprop");
    assert!(ended.err.contains("the optimizer starts from scratch"), "{ended:?}");
    ended.ok();
}

#[test]
fn other_data_is_trained_on_when_it_is_asked_for() {
    let place = Place::new();
    place.write("t.csv", &table());
    place.write("r.toml", RECIPE);
    place.run("train r.toml").ok();
    let runs = place.path().join("runs");
    let mean = |runs: &Path| {
        let bytes = fs::read(folder(runs).join("checkpoints/last.safetensors")).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (_, rest) = text.split_once("input_normalizer").unwrap();
        rest.split_once('}').unwrap().0.to_owned()
    };
    let learned = mean(&runs);
    // Values that are ten times as large: what the model learned about its data stays.
    let rows: String = (1..=20).map(|i| format!("{},{}\n", 10 * i, 20 * i)).collect();
    place.write("new.csv", &format!("a,y\n{rows}"));
    fs::copy(place.path().join("new.csv"), place.path().join("t.csv")).unwrap();
    let err = place.run("resume last --epochs +1").failed(1);
    assert!(err.contains("GB0512") && err.contains("--set data.path="), "{err}");
    let ended = place.run("resume last --epochs +1 --set data.path=new.csv");
    assert!(ended.err.contains("the data is another, read as the model knows it"), "{ended:?}");
    ended.ok();
    assert_eq!(mean(&runs), learned);
    assert_eq!(record(&runs)["best"]["epoch"], 3, "scores of other data are not compared");
    place.run("resume last --epochs +1").ok();
}
