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

const BEST: &str = "checkpoints/best.safetensors";
const STATE: &str = "checkpoints/training-state.safetensors";

/// `run` is the folder of a good run of the name `name`.
pub fn cases(run: &Path, name: &str) -> Vec<Case> {
    let read = |file: &str| std::fs::read(run.join(file)).unwrap();
    let (whole, state) = (read(BEST), read(STATE));
    let resolved = String::from_utf8(read("resolved.toml")).unwrap();
    let mut cases = weights(name, &whole);
    cases.extend(run_files(name, whole, state, &resolved));
    cases
}

/// A file of the run, what is done with it, and what is said: status, code, place, words.
fn case(
    name: &str,
    what: &'static str,
    (file, content): (&str, Vec<u8>),
    command: &'static str,
    (status, code, place, says): (i32, &'static str, &'static str, &'static str),
) -> Case {
    let files = vec![(format!("runs/{name}/{file}"), content)];
    Case { name: what, files, command, status, code, place, says }
}

fn weights(name: &str, whole: &[u8]) -> Vec<Case> {
    let weights = |what, content: Vec<u8>, code, says| {
        case(name, what, (BEST, content), "eval last", (1, code, "best.safetensors", says))
    };
    let cut = |length: usize| whole[..length].to_vec();
    let mut nan = whole.to_vec();
    let length = nan.len();
    nan[length - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let long_header = [&u64::MAX.to_le_bytes()[..], &[b'{'; 64]].concat();
    let one = |dtype: &str, shape: &str, length: usize| {
        let offsets = format!("\"data_offsets\":[0,{length}]");
        let tensor = format!("{{\"dtype\":\"{dtype}\",\"shape\":{shape},{offsets}}}");
        raw(&format!("{{\"1.weight\":{tensor}}}"), length)
    };
    let huge = one("F32", "[10000000000,10000000000]", 4);
    let backwards = r#"{"1.weight":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}"#;
    let png = b"\x89PNG\r\n\x1a\n0000".to_vec();
    vec![
        weights("weights of no bytes", Vec::new(), "GB0502", "0 bytes"),
        weights("weights cut in half", cut(length / 2), "GB0502", "safetensors"),
        weights("weights without the last byte", cut(length - 1), "GB0502", "safetensors"),
        weights("wrong magic", png, "GB0502", "safetensors"),
        weights("a header of 2^64 bytes", long_header, "GB0502", "safetensors"),
        weights("a header that is no JSON", raw("{nope", 8), "GB0502", "safetensors"),
        weights("a tensor that ends before it begins", raw(backwards, 8), "GB0502", "safetensors"),
        weights("a tensor of 10^20 values", huge, "GB0502", "safetensors"),
        weights("half precision", one("F16", "[2]", 4), "GB0503", "F16"),
        weights("a tensor of nine axes", one("F32", "[1,1,1,1,1,1,1,1,1]", 4), "GB0503", "9 axes"),
        weights("weights that do not say what for", one("F32", "[1]", 4), "GB0509", "description"),
        weights("weights of another model", renamed(whole), "GB0506", "missing"),
        weights("weights that are NaN", nan, "GB0505", "NaN"),
    ]
}

/// States, the record and the recipe of the run.
fn run_files(name: &str, weights: Vec<u8>, state: Vec<u8>, resolved: &str) -> Vec<Case> {
    let resumed = |what, content: Vec<u8>, code, says| {
        let says = (1, code, "training-state.safetensors", says);
        case(name, what, (STATE, content), "resume last --epochs +1", says)
    };
    let evaluated = |what, file: (&str, Vec<u8>), says| case(name, what, file, "eval last", says);
    let other = resolved.replace("16", "17").into_bytes();
    vec![
        resumed("a state cut in half", state[..2000].to_vec(), "GB0502", "safetensors"),
        resumed("weights for a state", weights, "GB0507", "plain weights"),
        evaluated(
            "a damaged record",
            ("run.json", b"{".to_vec()),
            (1, "GB0511", "run.json", "runs ls"),
        ),
        evaluated(
            "a damaged resolved recipe",
            ("resolved.toml", b"[run".to_vec()),
            (2, "GB0101", "resolved.toml:1", "TOML"),
        ),
        evaluated(
            "a resolved recipe of another model",
            ("resolved.toml", other),
            (1, "GB0506", "best.safetensors", "expected"),
        ),
    ]
}
