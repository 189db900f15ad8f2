use std::fs;

use glassbox_nn::{Buffer, Cx, Param, RecurrentState};
use glassbox_tensor::Gradients;
use glassbox_train::optim::{Adam, Optimizer};
use glassbox_train::{Progress, Snapshot};
use proptest::prelude::*;

use super::*;

type Model = (Param, Vec<Param>, Buffer);

fn model(start: f32) -> Model {
    let param = |x: f32| Param::new(Tensor::from_slice(&[x, -x, 0.5 * x], [3]));
    (param(start), vec![param(start + 1.0)], Buffer::new(Tensor::scalar(start)))
}

fn train(model: &mut Model, optimizer: &mut Optimizer, steps: std::ops::Range<u64>) {
    for step in steps {
        let mut cx = Cx::train(0, step);
        let mut gradients = Gradients::default();
        let slope = Tensor::from_slice(&[step as f32, 1.0, -0.3], [3]);
        gradients.insert(&model.0.on(&cx), slope.clone());
        gradients.insert(&model.1[0].on(&cx), slope);
        optimizer.step(model, &gradients, &mut cx);
    }
}

fn save(model: &Model, optimizer: &Optimizer, path: &Path) {
    let progress = Progress { epoch: 2, batch: 3, step: 5, ..Progress::default() };
    let observers = serde_json::Map::from_iter([("early_stop".to_owned(), 7.into())]);
    let state = Snapshot {
        model,
        optimizer,
        progress: &progress,
        recurrent: &RecurrentState::default(),
        observers,
    }
    .to_saved();
    write_state(&state, path).unwrap();
}

#[test]
fn a_restored_run_continues_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let (mut whole, mut optimizer) = (model(1.0), Optimizer::new(Adam::default()));
    train(&mut whole, &mut optimizer, 0..5);
    save(&whole, &optimizer, &path);
    train(&mut whole, &mut optimizer, 5..9);

    let (mut resumed, mut optimizer) = (model(50.0), Optimizer::new(Adam::default()));
    let state = read_state(&path).unwrap();
    assert_eq!((state.progress.epoch, state.progress.batch, state.progress.step), (2, 3, 5));
    assert_eq!(state.observers["early_stop"], 7);
    state.apply(&mut resumed, &mut optimizer).unwrap();
    train(&mut resumed, &mut optimizer, 5..9);
    assert_eq!(whole.0.value().to_vec(), resumed.0.value().to_vec());
    assert_eq!(whole.1[0].value().to_vec(), resumed.1[0].value().to_vec());
    assert_eq!(resumed.2.value().item(), 1.0);
}

/// The bytes of a file with this header and `data` zero bytes behind it.
fn raw(header: &str, data: usize) -> Option<Vec<u8>> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    Some(bytes)
}

/// A header's entry for a tensor.
fn entry(name: &str, dtype: &str, shape: &str, from: usize, to: usize) -> String {
    format!("\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{from},{to}]}}")
}

/// What is wrong with a file is told with its code, and the model is untouched.
#[test]
fn bad_weights_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    save_weights(&model(1.0), &path, HashMap::new()).unwrap();
    let good = fs::read(&path).unwrap();
    let with_nan = {
        let mut bytes = good.clone();
        let length = bytes.len();
        bytes[length - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    };
    // The model's tensors, with another third one.
    let third = |c: String, data: usize| {
        let (a, b) = (entry("0", "F32", "[3]", 0, 12), entry("1.0", "F32", "[3]", 12, 24));
        raw(&format!("{{{a},{b},{c}}}"), data)
    };
    let fine = || entry("2", "F32", "[]", 24, 28);
    let huge = entry("2", "F32", "[99999999999,99999999999]", 24, 28);
    let nine_axes = entry("2", "F32", "[1,1,1,1,1,1,1,1,1]", 24, 28);
    let narrow = entry("0", "F32", "[1]", 0, 4);
    let narrow = format!(
        "{{{narrow},{},{}}}",
        entry("1.0", "F32", "[3]", 4, 16),
        entry("2", "F32", "[]", 16, 20)
    );
    let cases: Vec<(&str, &str, &str, Option<Vec<u8>>)> = vec![
        ("missing file", "GB0501", "a readable file, found No such", None),
        ("empty", "GB0502", "found 0 bytes", Some(Vec::new())),
        ("text", "GB0502", "expected a safetensors", Some(b"hello".to_vec())),
        ("png", "GB0502", "safetensors", Some(b"\x89PNG\r\n\x1a\n0000".to_vec())),
        ("huge header", "GB0502", "safetensors", Some(vec![0xff; 64])),
        ("no json", "GB0502", "safetensors", raw("{nope", 28)),
        ("truncated", "GB0502", "safetensors", Some(good[..good.len() - 5].to_vec())),
        ("short data", "GB0502", "safetensors", third(fine(), 27)),
        ("long data", "GB0502", "safetensors", third(fine(), 29)),
        ("huge shape", "GB0502", "safetensors", third(huge, 28)),
        ("half precision", "GB0503", "with type F16", third(entry("2", "F16", "[2]", 24, 28), 28)),
        ("nine axes", "GB0503", "9 axes", third(nine_axes, 28)),
        ("wrong shape", "GB0506", "0: expected 3, found 1", raw(&narrow, 20)),
        ("missing", "GB0506", "missing: 2", third(entry("3", "F32", "[]", 24, 28), 28)),
        ("unexpected", "GB0506", "unexpected: 3", third(entry("3", "F32", "[]", 24, 28), 28)),
        ("NaN", "GB0505", "1 values in tensor", Some(with_nan)),
    ];
    for (name, code, part, bytes) in cases {
        match bytes {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let mut target = model(9.0);
        let error = load_weights(&mut target, &path).unwrap_err();
        let text = error.to_string();
        assert!(error.code == code && text.contains(part), "{name}: {text}");
        assert!(text.contains("help: "), "{name}: {text}");
        assert_eq!(target.0.value().as_slice()[0], 9.0, "{name}");
    }
    fs::write(&path, &good).unwrap();
    let error = read_state(&path).err().unwrap();
    assert!(error.code == "GB0507" && error.to_string().contains("plain weights"), "{error}");
}

#[test]
fn a_state_of_another_optimizer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let (mut first, mut optimizer) = (model(1.0), Optimizer::new(Adam::default()));
    train(&mut first, &mut optimizer, 0..1);
    save(&first, &optimizer, &path);
    let mut other =
        Optimizer::new(glassbox_train::optim::Sgd { momentum: 0.9, ..Default::default() });
    let error = read_state(&path).unwrap().apply(&mut first, &mut other).unwrap_err();
    assert!(error.code == "GB0508" && error.to_string().contains("velocity is missing"), "{error}");
}

#[test]
fn equal_states_make_equal_files() {
    let folder = tempfile::tempdir().unwrap();
    let text = |key: usize| (format!("key {key}"), "value".to_owned());
    let files: Vec<_> = (0..4)
        .map(|index| {
            let path = folder.path().join(index.to_string());
            save_weights(&model(1.0), &path, (0..9).map(text).collect()).unwrap();
            assert_eq!(TensorFile::read(&path).unwrap().metadata, (0..9).map(text).collect());
            fs::read(&path).unwrap()
        })
        .collect();
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Damage anywhere is an error or harmless, never a panic.
    #[test]
    fn mutated_states_never_panic(at in 0usize..4096, byte: u8, cut in proptest::option::of(0usize..4096)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        let (mut trained, mut optimizer) = (model(1.0), Optimizer::new(Adam::default()));
        train(&mut trained, &mut optimizer, 0..1);
        save(&trained, &optimizer, &path);
        let mut bytes = fs::read(&path).unwrap();
        let length = bytes.len();
        bytes[at % length] = byte;
        if let Some(cut) = cut {
            bytes.truncate(cut % length);
        }
        fs::write(&path, &bytes).unwrap();
        if let Ok(state) = read_state(&path) {
            let _ = state.apply(&mut model(2.0), &mut Optimizer::new(Adam::default()));
        }
    }
}

#[test]
fn a_state_that_does_not_fit_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let (mut saved, mut optimizer) = (model(1.0), Optimizer::new(Adam::default()));
    train(&mut saved, &mut optimizer, 0..5);
    save(&saved, &optimizer, &path);
    let state = || read_state(&path).unwrap();
    // Another optimizer, with a memory of its own.
    let sgd = glassbox_train::optim::Sgd { momentum: 0.9, ..Default::default() };
    let (mut other, mut optimizer) = (model(50.0), Optimizer::new(sgd));
    train(&mut other, &mut optimizer, 0..3);
    let everything = |model: &Model, optimizer: &Optimizer| {
        let memory = optimizer.state(model);
        let tensors = glassbox_nn::state(model).into_iter().chain(memory.tensors);
        let bits: Vec<_> = tensors.map(|(name, tensor)| (name, tensor.to_vec())).collect();
        (bits, memory.steps)
    };
    let before = everything(&other, &optimizer);
    assert_eq!(state().apply(&mut other, &mut optimizer).unwrap_err().code, "GB0508");
    assert_eq!(everything(&other, &optimizer), before);
}
