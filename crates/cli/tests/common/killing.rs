//! Killing a run at some step, and what is left of it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use super::Place;

/// The folder of the only run below `runs`.
pub fn run_folder(runs: &Path) -> PathBuf {
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
pub fn random(most: u64) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    1 + std::hash::RandomState::new().build_hasher().finish() % most
}

/// Starts the program and kills it after that many of its training steps. The step at which it was
/// killed, or none when it ended before.
pub fn kill_after(place: &Place, arguments: &str, steps: u64) -> Option<u64> {
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

/// Whether two safetensors files hold the same values.
pub fn same_tensors(left: &Path, right: &Path) -> bool {
    tensors(left) == tensors(right)
}
