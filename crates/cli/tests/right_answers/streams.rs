//! Names that are no text, and an output that takes nothing.
#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use crate::common::{Ended, Place, TINY};

#[test]
fn what_cannot_be_written_is_a_failure_of_every_command() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    place.run("train tiny.toml --set train.epochs=1").ok();
    for command in [
        "--help",
        "--version",
        "train --help",
        "check tiny.toml",
        "summary tiny.toml",
        "data tiny.toml",
        "eval last",
        "eval last --json",
        "runs ls",
        "runs ls --json",
        "compare last last",
        "report last",
        "explain GB0101",
        "resume last --epochs +1",
        "train tiny.toml --set train.epochs=1",
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ended = Ended::new(&place.command(command).stdout(full).output().unwrap());
        let err = ended.failed(1);
        assert!(err.contains("the standard output cannot be written"), "{command}: {err}");
    }
}

#[test]
fn a_folder_whose_name_is_no_text_is_worked_in() {
    let place = Place::new();
    let folder = place.path().join(OsStr::from_bytes(b"r\xff\xe9"));
    fs::create_dir(&folder).unwrap();
    let rows: String = (1..=40).map(|i| format!("{i},{}\n", 2 * i)).collect();
    fs::write(folder.join("t.csv"), format!("a,y\n{rows}")).unwrap();
    let recipe = "[data]\nkind = \"csv\"\npath = \"t.csv\"\n[model]\n\
                  layers = [{ type = \"dense\", units = \"outputs\" }]\n[train]\nepochs = 2\n";
    fs::write(folder.join("r.toml"), recipe).unwrap();
    let within = |arguments: &str| {
        let mut command = place.command(arguments);
        Ended::new(&command.current_dir(&folder).output().unwrap()).ok()
    };
    for command in [
        "check r.toml",
        "train r.toml",
        "eval last",
        "predict last t.csv",
        "resume last --epochs +1",
        "report last",
    ] {
        within(command);
    }
    // From outside there is no text for it: that is said, and what to do.
    let mut command = place.command("check");
    let err = Ended::new(&command.arg(folder.join("r.toml")).output().unwrap()).failed(2);
    assert!(err.contains("is not UTF-8") && err.contains("within that folder"), "{err}");
    let run = fs::read_dir(folder.join("runs")).unwrap().next().unwrap().unwrap().path();
    for command in ["resume --epochs +1", "report", "compare", "runs rm"] {
        let ended = Ended::new(&place.command(command).arg(&run).output().unwrap());
        assert!(!ended.err.contains("no run"), "{command}: {ended:?}");
        assert!(command.starts_with("resume") || ended.status == 0, "{command}: {ended:?}");
    }
    assert!(!run.exists());
}
