//! Running the program in a folder of its own.
#![allow(dead_code)] // each test file uses its own part

#[cfg(unix)]
pub mod killing;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder to run the program in.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// The program with these arguments, separated by spaces.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_glassbox"));
        command.current_dir(self.path()).args(arguments.split_whitespace());
        command.env_remove("NO_COLOR").env_remove("GLASSBOX_COLUMNS").env("TERM", "xterm");
        command
    }

    pub fn run(&self, arguments: &str) -> Ended {
        Ended::new(&self.command(arguments).output().unwrap())
    }

    /// The objects that the program prints, one per line.
    pub fn json(&self, arguments: &str) -> Vec<Value> {
        let out = self.run(arguments).ok();
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What `glassbox eval` says of the last run.
    pub fn eval(&self, arguments: &str) -> Value {
        let mut objects = self.json(&format!("eval last --json {arguments}"));
        assert_eq!(objects.len(), 1);
        objects.remove(0)
    }

    /// A file of the only run.
    pub fn run_file(&self, name: &str) -> PathBuf {
        self.path().join("runs").join(self.run_name()).join(name)
    }

    /// The record of the only run.
    pub fn record(&self) -> Value {
        let text = std::fs::read_to_string(self.run_file("run.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The name of the only run.
    pub fn run_name(&self) -> String {
        let entries: Vec<_> = std::fs::read_dir(self.path().join("runs")).unwrap().collect();
        assert_eq!(entries.len(), 1);
        entries.into_iter().next().unwrap().unwrap().file_name().into_string().unwrap()
    }
}

/// How the program ended.
#[derive(Debug)]
pub struct Ended {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    pub fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let status = output.status.code().unwrap_or(-1);
        Self { status, out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// What it printed, having succeeded.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.status, 0, "{self:?}");
        self.out
    }

    /// What it complained about, having ended with `status`.
    #[track_caller]
    pub fn failed(self, status: i32) -> String {
        assert_eq!(self.status, status, "{self:?}");
        self.err
    }
}

/// A quick experiment on the embedded digits.
pub const TINY: &str = r#"[run]
name = "tiny"
seed = 3
[data]
kind = "digits"
split = { train = 0.2, valid = 0.1, test = 0.1 }
[model]
layers = [
  { type = "flatten" },
  { type = "dense", units = 16 },
  { type = "relu" },
  { type = "dropout", p = 0.1 },
  { type = "dense", units = "classes" },
]
[train]
epochs = 3
batch_size = 32
optimizer = { type = "adam", lr = 1e-2 }
"#;
