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
[watch]
lags = true
samples = { prompt = "so ", length = 40 }
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
    assert!(out.contains("valid perplexity") && out.contains("perplexity"), "{out}");
    assert!(out.contains("next: glassbox generate "), "{out}");
    let scores: Value = serde_json::from_str(&place.run("eval last --json").ok()).unwrap();
    let get = |name: &str| scores[name].as_f64().unwrap();
    // A window begins anywhere in the verse: its first characters cannot be known.
    assert!(get("perplexity") < 2.0, "{scores}");
    assert!((get("bits_per_token") - get("loss") / 2f64.ln()).abs() < 1e-9, "{scores}");

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
    assert_eq!(generate("--temperature 0 --exact"), text, "the verse is certain enough");
    assert_eq!(generate("--top-p 1e-6"), text);

    place.write("begun.txt", "so long lives this, and this gives lif");
    let out = place.run("predict last begun.txt").ok();
    assert!(out.starts_with("begun.txt  e "), "{out}");
}

#[test]
fn what_a_run_has_learned_is_drawn() {
    let place = place();
    let out = place.run("train verse.toml --set train.epochs=2").ok();
    assert!(out.contains("report.html"), "{out}");
    let folder = common::killing::run_folder(&place.path().join("runs"));
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    assert_eq!(read("lags.jsonl").lines().count(), 3, "before training and after each epoch");
    let first: Value = serde_json::from_str(read("lags.jsonl").lines().next().unwrap()).unwrap();
    assert_eq!(first["layers"][1]["layer"], "layer 1 (lstm), 2 of 2");
    assert_eq!(first["layers"][0]["norms"].as_array().unwrap().len(), 16);
    let samples = ["samples/epoch-0000.txt", "samples/epoch-0002.txt"].map(read);
    assert!(samples.iter().all(|text| text.starts_with("so ") && text.len() == 44), "{samples:?}");
    assert_ne!(samples[0], samples[1]);
    let report = read("report.html");
    for part in ["How far back the error reaches", "What the units do", "after epoch 2", "unit "] {
        assert!(report.contains(part), "{part}");
    }

    let out = place.run("report last").ok();
    assert!(out.starts_with("wrote ") && read("report.html") == report, "{out}");
    let states = |extra: &str| {
        let mut command = place.command("states last --text");
        command.arg("so long lives").args(extra.split_whitespace());
        common::Ended::new(&command.output().unwrap())
    };
    let out = states("--layer 1.1 --units 5").ok();
    assert!(out.starts_with("layer 1 (lstm), 2 of 2: 24 units over 13 tokens\n"), "{out}");
    assert!(read("states.svg").contains("␣"));
    let err = states("--layer 3").failed(2);
    assert!(
        err.contains("no recurrent layer 3") && err.contains("layer 1 (lstm), 1 of 2"),
        "{err}"
    );
    let err = place.run("states last --text QED").failed(1);
    assert!(err.contains("GB0323") && err.contains("found: 'Q'"), "{err}");

    place.run("train verse.toml --set train.epochs=1 --set run.name=other").ok();
    let out = place.run("compare other verse --plots plots").ok();
    assert!(out.contains("-other-") && out.contains("valid.loss"), "{out}");
    let plot = std::fs::read_to_string(place.path().join("plots/lags-after.svg")).unwrap();
    assert!(plot.contains("other-") && plot.contains("verse-"), "{plot}");
    assert!(place.run("compare verse nobody").failed(2).contains("there is no run"));
    place.run("train verse.toml --set train.epochs=1 --set watch.samples.length=0").ok();
    place.write("bad.toml", &RECIPE.replace("prompt = \"so \"", "prompt = \"QED\""));
    let err = place.run("check bad.toml").failed(2);
    assert!(err.contains("GB0131") && err.contains("'Q'"), "{err}");
}

#[test]
fn summary_counts_a_step_and_the_window() {
    let place = place();
    let out = place.run("summary verse.toml").ok();
    assert!(out.contains("MAC/step") && out.contains("memory @8 × 8 steps"), "{out}");
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
    for file in ["lags.jsonl", "samples/epoch-0000.txt", "samples/epoch-0012.txt"] {
        let read = |run: &std::path::Path| std::fs::read_to_string(run.join(file)).unwrap();
        assert_eq!(read(&whole), read(&folder), "{file} differs, killed at {killed:?}");
    }
}
