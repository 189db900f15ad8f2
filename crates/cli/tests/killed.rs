//! A run that is killed again and again ends with the bits of one that was left in peace.
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::Place;
use serde_json::Value;

/// Everything that has a state: augmentation, dropout, batch norm, an optimizer with moments, a
/// schedule that watches the validation loss, warm-up and early stopping.
const STATEFUL: &str = r#"[run]
name = "stateful"
seed = 5
[data]
kind = "digits"
split = { train = 0.3, valid = 0.1, test = 0.1 }
[[augment]]
type = "random_crop"
padding = 1
[[augment]]
type = "rotate"
degrees = 10
[[augment]]
type = "noise"
std = 0.1
[model]
layers = [
  { type = "conv2d", filters = 8, kernel = 3, padding = "same" },
  { type = "batch_norm" },
  { type = "relu" },
  { type = "max_pool", size = 2 },
  { type = "flatten" },
  { type = "dropout", p = 0.3 },
  { type = "dense", units = "classes" },
]
[train]
epochs = 200
batch_size = 16
optimizer = { type = "adamw", lr = 1e-2 }
schedule = { type = "reduce_on_plateau", patience = 2 }
warmup = { epochs = 1 }
early_stop = { metric = "valid.loss", patience = 6, min_delta = 1e-3 }
clip = { type = "norm", max = 1.0 }
checkpoint_every = { steps = 7 }
"#;

const KILLS: usize = 10;

/// The folder of the only run below `runs`.
fn run_folder(runs: &Path) -> PathBuf {
    let entries: Vec<_> = std::fs::read_dir(runs).unwrap().map(Result::unwrap).collect();
    assert_eq!(entries.len(), 1);
    entries[0].path()
}

/// The values in a safetensors file: all but its header, which also tells the seconds trained.
fn tensors(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let (length, rest) = bytes.split_at(8);
    rest[u64::from_le_bytes(length.try_into().unwrap()) as usize..].to_vec()
}

/// A number from 1 to `most`, another one each time the test runs.
fn random(most: u64) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    1 + std::hash::RandomState::new().build_hasher().finish() % most
}

/// Starts the program and kills it after that many of its training steps. The step at which it was
/// killed, or none when it ended before.
fn kill_after(place: &Place, arguments: &str, steps: u64) -> Option<u64> {
    let mut child =
        place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let events = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let step = events.filter(|event| event["event"] == "step").nth(steps as usize - 1);
    child.kill().unwrap();
    let killed = child.wait().unwrap().signal() == Some(9);
    killed.then(|| step.unwrap()["step"].as_u64().unwrap())
}

#[test]
fn a_run_killed_ten_times_ends_with_the_same_bits() {
    let place = Place::new();
    place.write("stateful.toml", STATEFUL);
    place.run("train stateful.toml --runs whole").ok();
    let whole = run_folder(&place.path().join("whole"));
    let record = |folder: &Path| -> Value {
        serde_json::from_str(&std::fs::read_to_string(folder.join("run.json")).unwrap()).unwrap()
    };
    let expected = record(&whole);
    let text = expected.to_string();
    assert!(expected["stopped"].to_string().contains("no gain"), "stopped early: {text}");
    let steps = expected["step"].as_u64().unwrap();
    assert!(steps > 400, "long enough to be killed ten times: {text}");

    let train = "train stateful.toml --progress json";
    let mut killed = vec![kill_after(&place, train, random(steps / 12)).unwrap()];
    let folder = run_folder(&place.path().join("runs"));
    for _ in 1..KILLS {
        let step = kill_after(&place, "resume last --progress json", random(steps / 12));
        killed.push(step.expect("the run has more steps than these"));
        // What a killed run leaves behind is whole, or not there yet.
        for entry in std::fs::read_dir(folder.join("checkpoints")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(name.starts_with('.') || name.ends_with(".safetensors"), "{name}");
        }
        assert!(place.run("runs ls").ok().contains("stateful"));
    }
    place.run("resume last").ok();

    for name in ["best", "last", "training-state"] {
        let tensors = |run: &Path| tensors(&run.join(format!("checkpoints/{name}.safetensors")));
        assert!(tensors(&whole) == tensors(&folder), "{name} differs, killed at {killed:?}");
    }
    let ended = record(&folder);
    for key in ["status", "stopped", "epoch", "step", "best", "train", "valid", "test"] {
        assert_eq!(ended[key], expected[key], "{key}, killed at {killed:?}");
    }
}
