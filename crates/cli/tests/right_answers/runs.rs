//! The work of a run is not lost: signals, two processes on one run, and what is kept of one that
//! diverged.

use serde_json::Value;

use crate::common::{Place, TINY};

/// Diverges after a good beginning: the rate grows over the run. One step an epoch.
fn diverging(place: &Place, more: &str) {
    // Two columns and noise: y is next to nothing of them.
    let row = |i: usize| {
        let (a, b) = ((i as f64).sin() * 1.5, (i as f64 * 1.7).cos() * 1.4);
        format!("{a:.3},{b:.3},{:.3}\n", 0.3 * a - 0.5 * b + (i as f64 * 7.3).sin())
    };
    let rows: String = (0..60).map(row).collect();
    place.write("t.csv", &format!("a,b,y\n{rows}"));
    let recipe = r#"
[run]
name = "nan"
[data]
kind = "csv"
path = "t.csv"
[model]
layers = [{ type = "dense", units = 16 }, { type = "dense", units = "outputs" }]
[train]
epochs = 400
batch_size = 1000
optimizer = { type = "sgd", lr = 50.0 }
schedule = { type = "linear", start = 0.0001, end = 1.0 }
"#;
    place.write("nan.toml", &format!("{recipe}{more}\n"));
}

#[test]
fn a_run_that_diverges_keeps_its_best_weights_and_says_so_everywhere() {
    for more in ["", "checkpoint_every = 1"] {
        let place = Place::new();
        diverging(&place, more);
        let err = place.run("train nan.toml").failed(1);
        assert!(err.contains("GB0402 × loss became "), "{err}");
        // The rate grew, the data are ordinary: a batch is not blamed, numbers are round.
        assert!(err.contains("help: train.optimizer.lr = 50 → 5, or train.clip"), "{err}");
        assert!(!err.contains("extreme"), "{err}");
        assert!(err.contains("kept: best (epoch "), "{err}");
        assert!(err.contains("--set train.optimizer.lr=5 --from best"), "{err}");

        let record = place.record();
        assert_eq!(record["status"], "failed");
        let (best, epoch) = (record["best"]["epoch"].as_u64().unwrap(), record["epoch"].as_u64());
        assert!(best >= 1 && epoch.unwrap() > best, "{record}");
        let failed = record["failed_at"]["step"].as_u64().unwrap();
        assert_eq!(failed, record["step"].as_u64().unwrap() + 1, "{record}");
        assert!(err.contains(&format!("at step {failed} (epoch {failed})")), "{err}");
        let log = std::fs::read_to_string(place.run_file("metrics.jsonl")).unwrap();
        let last: Value = serde_json::from_str(log.lines().next_back().unwrap()).unwrap();
        assert_eq!((&last["event"], &last["code"]), (&"error".into(), &"GB0402".into()));
        assert_eq!(last["step"], failed);
        assert!(place.run_file("report.html").is_file());
        let ls = place.run("runs ls").ok();
        assert!(ls.contains("failed") && ls.contains(&format!("{}/400", failed - 1)), "{ls}");
        assert!(ls.contains("loss "), "the best: {ls}");

        // What is there is what was best, and using it says what it is of.
        let eval = place.run("eval last --split valid --json");
        assert!(
            eval.err.contains("failed at step ") && eval.err.contains("best weights"),
            "{eval:?}"
        );
        let scores: Value = serde_json::from_str(&eval.ok()).unwrap();
        assert_eq!(scores["status"], "failed");
        let compared = place.run("compare last").ok();
        assert!(compared.contains("status") && compared.contains("failed"), "{compared}");
        let (loss, best) = (scores["loss"].as_f64().unwrap(), record["best"]["value"].as_f64());
        assert!((loss - best.unwrap()).abs() < 1e-6 * loss, "{scores} {record}");
        place.write("new.csv", "a,b\n1,1\n");
        let predicted = place.run("predict last new.csv");
        assert_eq!(predicted.status, 0, "{predicted:?}");
        assert!(predicted.err.contains("failed at step "), "{predicted:?}");
    }
}

#[test]
fn weights_that_were_lost_before_are_not_resumed_from() {
    let place = Place::new();
    // The first step sends the weights far out, and a few more end it.
    diverging(&place, "");
    let set = "--set train.schedule=constant --set train.optimizer.lr=1e4";
    let err = place.run(&format!("train nan.toml {set}")).failed(1);
    let resolved = place.run_file("resolved.toml");
    assert!(!err.contains("--from best"), "{err}");
    let again = err.split_once("next: glassbox train ").expect(&err).1.trim();
    assert!(again.ends_with("resolved.toml --set train.optimizer.lr=1000"), "{again}");
    assert!(resolved.exists());
    // The command works as it is written, its paths included.
    let again = again.replace("lr=1000", "lr=0.01");
    place.run(&format!("train {again} --set train.epochs=2")).ok();
}

#[test]
fn a_run_that_diverged_resumes_with_a_lower_rate() {
    let place = Place::new();
    diverging(&place, "checkpoint_every = 1");
    place.run("train nan.toml").failed(1);
    let before = place.record();
    // Unchanged it would fail again: that is said instead, twice as well as once.
    for command in
        ["resume last", "resume last", "resume last --epochs +1", "resume last --from last"]
    {
        let err = place.run(command).failed(1);
        assert!(err.contains("GB0520") && err.contains("next: glassbox resume "), "{err}");
        assert_eq!(place.record(), before);
    }
    let err = place.run("resume last --set train.optimizer.lr=50.0").failed(1);
    assert!(err.contains("GB0520"), "the rate that it had: {err}");
    let err = place.run("resume last --set train.optimizer.lr=0.1 --from 3000").failed(2);
    assert!(err.contains("GB0521") && err.contains("best (epoch "), "{err}");

    let set = "--set train.optimizer.lr=0.1 --epochs 30";
    let resumed = place.run(&format!("resume last {set}"));
    assert!(resumed.err.contains("train.optimizer.lr = 50.0 → 0.1"), "{resumed:?}");
    assert!(resumed.err.contains("from best (epoch "), "{resumed:?}");
    resumed.ok();
    let after = place.record();
    assert_eq!((&after["status"], &after["epoch"]), (&"finished".into(), &30.into()));
    assert!(after["best"]["value"].as_f64() <= before["best"]["value"].as_f64(), "{after}");
    let history = &after["history"][0];
    assert_eq!((&history["from"], &history["epoch"]), (&"best".into(), &before["best"]["epoch"]));
    assert!(history["after"].as_str().unwrap().starts_with("GB0402"), "{history}");
    assert_eq!(history["changes"][0]["key"], "train.optimizer.lr");
    let resolved = std::fs::read_to_string(place.run_file("resolved.toml")).unwrap();
    assert!(resolved.contains("lr = 0.1") && !resolved.contains("lr = 50"), "{resolved}");
    // The log has each epoch once, in order.
    let log = std::fs::read_to_string(place.run_file("metrics.jsonl")).unwrap();
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let epochs = events.filter(|event| event["event"] == "epoch");
    let epochs: Vec<_> = epochs.map(|event| event["epoch"].as_u64().unwrap()).collect();
    assert_eq!(epochs, (1..=30).collect::<Vec<_>>());
}

#[test]
fn a_step_that_is_kept_can_be_resumed_from() {
    let place = Place::new();
    diverging(&place, "checkpoint_every = 1");
    place.run("train nan.toml").failed(1);
    let step = place.record()["step"].as_u64().unwrap();
    let is_kept =
        |step: &u64| place.run_file(&format!("checkpoints/step-{step}.safetensors")).exists();
    let kept: Vec<_> = (1..=step).filter(is_kept).collect();
    assert_eq!(kept, (step - 4..=step).collect::<Vec<_>>(), "the five latest");
    let from = kept[0];
    let command = format!("resume last --set train.optimizer.lr=0.01 --from {from} --epochs +3");
    let resumed = place.run(&command);
    assert!(resumed.err.contains(&format!("from step {from} (")), "{resumed:?}");
    resumed.ok();
    assert_eq!(place.record()["history"][0]["step"], from);
    assert!(!place.run_file(&format!("checkpoints/step-{step}.safetensors")).exists());
}

#[test]
fn programs_see_a_failure_as_an_event() {
    let place = Place::new();
    diverging(&place, "");
    let ended = place.run("train nan.toml --progress json");
    assert_eq!(ended.status, 1);
    let last: Value = serde_json::from_str(ended.out.lines().next_back().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["code"]), (&"error".into(), &"GB0402".into()));
    assert!(last["step"].is_u64() && last["best"]["epoch"].is_u64(), "{last}");
}

#[test]
fn a_run_that_fails_in_its_first_epoch_says_what_is_there() {
    let place = Place::new();
    let raw: String =
        (0..40).map(|i| format!("{},{}\n", 1000 + 37 * i, 100_000 + 900 * i)).collect();
    place.write("raw.csv", &format!("area,price\n{raw}"));
    let recipe = r#"
[data]
kind = "csv"
path = "raw.csv"
normalize = "none"
standardize_targets = false
[model]
layers = [{ type = "dense", units = "outputs" }]
[train]
epochs = 5
batch_size = 2
optimizer = { type = "sgd", lr = 0.01 }
"#;
    place.write("raw.toml", recipe);
    let err = place.run("train raw.toml").failed(1);
    // The scale of the data comes first, in the recipe's own keys.
    assert!(
        err.contains("help: data.normalize = \"standard\": inputs are not normalized"),
        "{err}"
    );
    assert!(err.contains("help: or data.standardize_targets = true"), "{err}");
    assert!(err.contains("help: or train.optimizer.lr = 0.01 → 0.001"), "{err}");
    // There is nothing to resume from, and a resumed run could not be given another scale.
    assert!(err.contains("; no epoch was completed"), "{err}");
    let scale = "--set data.normalize=standard --set data.standardize_targets=true";
    let next = err.split_once("next: glassbox train ").expect(&err).1.trim();
    assert!(next.ends_with(&format!("resolved.toml {scale}")), "{next}");
    let cured = place.run(&format!("train {next} --runs cured"));
    assert!(cured.out.contains('★'), "the command works as it is written: {cured:?}");
    for command in ["eval last", "predict last raw.csv"] {
        let err = place.run(command).failed(1);
        assert!(err.contains("GB0521") && err.contains("failed at step "), "{err}");
        assert!(err.contains("--checkpoint last"), "{err}");
    }
    place.run("eval last --checkpoint last --split train").ok();
}

#[test]
fn a_loss_that_grows_and_stays_finite_is_no_success() {
    let place = Place::new();
    let raw: String = (0..40).map(|i| format!("{},{}\n", 100 + 7 * i, 10 + 3 * i)).collect();
    place.write("raw.csv", &format!("area,price\n{raw}"));
    let recipe = r#"
[data]
kind = "csv"
path = "raw.csv"
normalize = "none"
[model]
layers = [{ type = "dense", units = "outputs" }]
[train]
epochs = 2
batch_size = 8
optimizer = { type = "sgd", lr = 1e-3 }
"#;
    place.write("raw.toml", recipe);
    let ended = place.run("train raw.toml");
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.err.contains("GB0403 × the training loss grew without bound"), "{ended:?}");
    assert!(ended.err.contains("help: data.normalize = \"standard\""), "{ended:?}");
    assert!(ended.err.contains("train.optimizer.lr = 0.001 → 1e-4"), "{ended:?}");
    assert!(place.record()["warning"].as_str().unwrap().contains("GB0403"));
    assert!(!ended.out.contains('★') && !ended.out.contains("predict"), "{ended:?}");
    let next = ended.out.split_once("next: glassbox train ").expect(&ended.out).1.trim();
    assert!(next.contains(" --set data.normalize=standard"), "{next}");
    let cured = place.run(&format!("train {next} --runs cured")).ok();
    assert!(cured.contains('★'), "the command works as it is written: {cured}");
    place.run("train raw.toml --set data.normalize=standard --runs fine").ok();
    let fine = place.run("runs ls --runs fine --json").ok();
    assert_eq!(serde_json::from_str::<Value>(&fine).unwrap()["warning"], Value::Null, "{fine}");
}

#[test]
fn names_keep_their_dots_and_are_found_as_they_were_given() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    let train = "train tiny.toml --set train.epochs=1 --set run.name=drop0.0";
    assert_eq!(place.run(train).err, "");
    assert!(place.run_name().contains("-drop0.0-"), "{}", place.run_name());
    assert!(place.run("compare drop0.0").ok().contains("drop0.0"));
    let other = place.run("train tiny.toml --set train.epochs=1 --set run.name=a/b --runs other");
    assert!(other.err.contains("run.name \"a/b\" is \"a-b\""), "{other:?}");
    assert!(place.run("compare a/b --runs other").ok().contains("a-b"));
}

#[cfg(unix)]
mod processes {
    use std::io::{BufRead, BufReader, Lines};
    use std::process::{Child, ChildStdout, Command, Stdio};

    use super::*;

    /// A long run whose events are read.
    struct Training {
        child: Child,
        lines: Lines<BufReader<ChildStdout>>,
    }

    impl Training {
        fn start(mut command: Command) -> Self {
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let mut training = Self { child, lines };
            training.reach("\"event\":\"step\",\"step\":20,");
            training
        }

        /// Reads until an event.
        fn reach(&mut self, event: &str) {
            let found = self.lines.any(|line| line.unwrap().contains(event));
            assert!(found, "training reaches {event}");
        }

        fn signal(&self, name: &str) {
            let pid = self.child.id().to_string();
            assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
        }

        /// The exit status, and the last event.
        fn end(mut self) -> (i32, String) {
            let last = self.lines.map(Result::unwrap).last().unwrap_or_default();
            (self.child.wait().unwrap().code().unwrap_or(-1), last)
        }
    }

    const LONG: &str = "train tiny.toml --set train.epochs=2000 --progress json";

    #[test]
    fn a_lost_terminal_saves_and_nohup_trains_on() {
        let place = Place::new();
        place.write("tiny.toml", TINY);
        let training = Training::start(place.command(LONG));
        training.signal("-HUP");
        let (status, last) = training.end();
        assert_eq!(status, 130, "{last}");
        assert!(last.contains("\"event\":\"interrupted\""), "{last}");
        assert!(place.run_file("report.html").is_file(), "a report of what was reached");

        // As nohup does: the signal is ignored when the program starts.
        let mut command = Command::new("sh");
        let program = env!("CARGO_BIN_EXE_glassbox");
        let script = format!("trap '' HUP; exec {program} {LONG} --runs nohup");
        command.current_dir(place.path()).args(["-c", &script]);
        let mut training = Training::start(command);
        training.signal("-HUP");
        training.reach("\"event\":\"step\",\"step\":400,");
        training.signal("-INT");
        let (status, last) = training.end();
        assert_eq!(status, 130, "{last}");
    }

    #[test]
    fn a_run_has_one_writer_and_a_killed_one_none() {
        let place = Place::new();
        place.write("tiny.toml", TINY);
        let mut training = Training::start(place.command(LONG));
        let pid = training.child.id();
        for command in ["resume last", "resume last --epochs +1"] {
            let err = place.run(command).failed(1);
            assert!(err.contains("GB0519") && err.contains(&format!("process {pid} on ")), "{err}");
        }
        let err = place.run("runs rm tiny").failed(2);
        assert!(err.contains(&format!("process {pid} on ")), "{err}");
        assert!(place.run("runs ls").ok().contains("running"));
        training.child.kill().unwrap();
        training.child.wait().unwrap();
        // At once, with the epoch from which it resumes.
        let ls = place.run("runs ls").ok();
        assert!(ls.contains("killed"), "{ls}");
        let json: Value = serde_json::from_str(&place.run("runs ls --json").ok()).unwrap();
        assert_eq!(json["status"], "killed");
        let epochs = json["epoch"].as_u64().unwrap() + 3;
        place.run(&format!("resume last --epochs {}", epochs.max(30))).ok();
    }
}
