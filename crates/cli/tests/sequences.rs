//! Text: trained, interrupted, evaluated and continued.

mod common;

use common::{Place, TINY};
use serde_json::Value;

/// A model of characters with everything that sequences have: windows of backpropagation, a state
/// that is carried from batch to batch, dropout between layers.
const RECIPE: &str = r#"[run]
name = "verse"
task = "generate"
seed = 5
[data]
kind = "text"
path = "verse.txt"
seq_len = 16
[model]
layers = [
  { type = "embedding", dim = 8 },
  { type = "lstm", units = 24, layers = 2, dropout = 0.1 },
  { type = "dense", units = "vocab" },
]
[train]
epochs = 12
batch_size = 8
bptt = 8
stateful = true
optimizer = { type = "adam", lr = 1e-2 }
clip = { type = "norm", max = 1.0 }
checkpoint_every = { steps = 3 }
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("verse.txt", &"so long lives this, and this gives life to thee.\n".repeat(90));
    place.write("verse.toml", RECIPE);
    place
}

#[test]
fn a_text_is_learned_and_continued() {
    let place = place();
    let out = place.run("train verse.toml").ok();
    assert!(out.contains("valid ppl") && out.contains("perplexity"), "{out}");
    let scores: Value = serde_json::from_str(&place.run("eval last --json").ok()).unwrap();
    let get = |name: &str| scores[name].as_f64().unwrap();
    // A window begins anywhere in the verse: its first characters cannot be known.
    assert!(get("perplexity") < 2.0, "{scores}");
    assert!((get("bits_per_character") - get("loss") / 2f64.ln()).abs() < 1e-9, "{scores}");

    // The prompt is far from the verse's beginning, and greedy choices go on with the verse.
    let generate = |extra: &str| {
        let mut command = place.command("generate last --length 40");
        command.args(["--prompt", "so long lives this, and "]).args(extra.split_whitespace());
        common::Ended::new(&command.output().unwrap()).ok()
    };
    let text = generate("--temperature 0");
    assert!(text.starts_with("so long lives this, and this gives life to thee.\n"), "{text}");
    assert_eq!(generate("--seed 3"), generate("--seed 3 --threads 2"));
    assert_eq!(generate("--top-k 1"), text);
    assert_eq!(generate("--top-p 1e-6"), text);

    place.write("begun.txt", "so long lives this, and this gives lif");
    let out = place.run("predict last begun.txt").ok();
    assert!(out.starts_with("begun.txt  e "), "{out}");
}

#[test]
fn what_cannot_be_continued_is_told() {
    let place = place();
    place.run("train verse.toml --set train.epochs=1").ok();
    let err = place.run("generate last --prompt QED").failed(1);
    assert!(err.contains("GB0323") && err.contains("'Q'") && err.contains("byte"), "{err}");
    let err = place.run("generate last --temperature -1").failed(2);
    assert!(err.contains("0 or more"), "{err}");
    place.write("tiny.toml", &TINY.replace("epochs = 3", "epochs = 1"));
    place.run("train tiny.toml --runs digits").ok();
    let err = place.run("generate last --runs digits").failed(1);
    assert!(err.contains("GB0513") && err.contains("glassbox predict"), "{err}");
    for (find, replace, code, says) in [
        ("kind = \"text\"", "kind = \"txt\"", "GB0104", "`text`"),
        ("units = \"vocab\"", "units = \"classes\"", "GB0122", "\"vocab\""),
        ("seq_len = 16", "seq_len = 16000", "GB0302", "seq_len = 16000"),
        ("units = 24", "units = 0", "GB0108", "units"),
        ("  { type = \"embedding\", dim = 8 },\n", "", "GB0202", "embedding"),
        ("task = \"generate\"", "task = \"classify\"", "GB0127", "\"generate\""),
    ] {
        assert!(RECIPE.contains(find), "{find}");
        place.write("bad.toml", &RECIPE.replacen(find, replace, 1));
        let ended = place.run("check bad.toml");
        assert!(ended.err.contains(code) && ended.err.contains(says), "{replace}: {}", ended.err);
    }
    place.write("bad.toml", &TINY.replace("epochs = 3", "epochs = 3\nbptt = 8"));
    let err = place.run("check bad.toml").failed(2);
    assert!(err.contains("GB0130") && err.contains("remove `bptt`"), "{err}");
}

#[test]
#[cfg(unix)]
fn a_killed_run_goes_on_with_the_state_it_carried() {
    use common::killing::{kill_after, random, run_folder, same_tensors};

    let place = place();
    place.run("train verse.toml --runs whole --threads 1").ok();
    let whole = run_folder(&place.path().join("whole"));
    let train = "train verse.toml --progress json --threads 3";
    let mut killed = vec![kill_after(&place, train, random(60)).unwrap()];
    for _ in 0..3 {
        killed.push(kill_after(&place, "resume last --progress json", random(60)).unwrap());
    }
    place.run("resume last").ok();
    let folder = run_folder(&place.path().join("runs"));
    for name in ["best", "last", "training-state"] {
        let file = format!("checkpoints/{name}.safetensors");
        let same = same_tensors(&whole.join(&file), &folder.join(&file));
        assert!(same, "{name} differs, killed at {killed:?}");
    }
}
