//! Bad checkpoints and other files of a run folder.

use std::path::Path;

use super::Case;

pub const COUNT: usize = 18;

/// A safetensors file: a header and so many zero bytes.
fn raw(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

/// The same file with a tensor under another name.
fn renamed(file: &[u8]) -> Vec<u8> {
    let name = b"1.weight";
    let at = file.windows(name.len()).position(|bytes| bytes == name).unwrap();
    let mut renamed = file.to_vec();
    renamed[at] = b'9';
    renamed
}

/// `run` is the folder of a good run of the name `name`.
pub fn cases(run: &Path, name: &str) -> Vec<Case> {
    let read = |file: &str| std::fs::read(run.join(file)).unwrap();
    let (best, state) = ("checkpoints/best.safetensors", "checkpoints/training-state.safetensors");
    let case = |what, file, content: Vec<u8>, command, status, code, place, says| Case {
        name: what,
        files: vec![(format!("runs/{name}/{file}"), content)],
        command,
        status,
        code,
        place,
        says,
    };
    let weights = |what, content: Vec<u8>, code, says| {
        case(what, best, content, "eval last", 1, code, "best.safetensors", says)
    };
    let resumed = |what, content: Vec<u8>, code, says| {
        let command = "resume last --epochs +1";
        case(what, state, content, command, 1, code, "training-state.safetensors", says)
    };
    let cut = |file: &str, length: usize| read(file)[..length].to_vec();
    let whole = read(best);
    let nan = {
        let mut bytes = whole.clone();
        let length = bytes.len();
        bytes[length - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    };
    let long_header = [&u64::MAX.to_le_bytes()[..], &[b'{'; 64]].concat();
    let one = |dtype: &str, shape: &str, length: usize| {
        let offsets = format!("\"data_offsets\":[0,{length}]");
        let tensor = format!("{{\"dtype\":\"{dtype}\",\"shape\":{shape},{offsets}}}");
        raw(&format!("{{\"1.weight\":{tensor}}}"), length)
    };
    let backwards = r#"{"1.weight":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}"#;
    vec![
        weights("weights of no bytes", Vec::new(), "GB0502", "0 bytes"),
        weights("weights cut in half", cut(best, whole.len() / 2), "GB0502", "safetensors"),
        weights(
            "weights without the last byte",
            cut(best, whole.len() - 1),
            "GB0502",
            "safetensors",
        ),
        weights("wrong magic", b"\x89PNG\r\n\x1a\n0000".to_vec(), "GB0502", "safetensors"),
        weights("a header of 2^64 bytes", long_header, "GB0502", "safetensors"),
        weights("a header that is no JSON", raw("{nope", 8), "GB0502", "safetensors"),
        weights("a tensor that ends before it begins", raw(backwards, 8), "GB0502", "safetensors"),
        weights(
            "a tensor of 10^20 values",
            one("F32", "[10000000000,10000000000]", 4),
            "GB0502",
            "safetensors",
        ),
        weights("half precision", one("F16", "[2]", 4), "GB0503", "F16"),
        weights("a tensor of nine axes", one("F32", "[1,1,1,1,1,1,1,1,1]", 4), "GB0503", "9 axes"),
        weights("weights that do not say what for", one("F32", "[1]", 4), "GB0509", "description"),
        weights("weights of another model", renamed(&whole), "GB0506", "missing"),
        weights("weights that are NaN", nan, "GB0505", "NaN"),
        resumed("a state cut in half", cut(state, 2000), "GB0502", "safetensors"),
        resumed("weights for a state", whole, "GB0507", "plain weights"),
        case(
            "a damaged record",
            "run.json",
            b"{".to_vec(),
            "eval last",
            1,
            "GB0511",
            "run.json",
            "runs ls",
        ),
        case(
            "a damaged resolved recipe",
            "resolved.toml",
            b"[run".to_vec(),
            "eval last",
            2,
            "GB0101",
            "resolved.toml:1",
            "TOML",
        ),
        case(
            "a resolved recipe of another model",
            "resolved.toml",
            String::from_utf8(read("resolved.toml")).unwrap().replace("16", "17").into_bytes(),
            "eval last",
            1,
            "GB0506",
            "best.safetensors",
            "expected",
        ),
    ]
}
