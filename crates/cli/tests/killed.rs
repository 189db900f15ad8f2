//! A run that is killed again and again ends with the bits of one that was left in peace.
#![cfg(unix)]

mod common;

use common::Place;
use common::killing::{kill_after, random, run_folder, same_tensors};
use serde_json::Value;
use std::path::Path;

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
        let file = format!("checkpoints/{name}.safetensors");
        let same = same_tensors(&whole.join(&file), &folder.join(&file));
        assert!(same, "{name} differs, killed at {killed:?}");
    }
    let ended = record(&folder);
    for key in ["status", "stopped", "epoch", "step", "best", "train", "valid", "test"] {
        assert_eq!(ended[key], expected[key], "{key}, killed at {killed:?}");
    }
}
