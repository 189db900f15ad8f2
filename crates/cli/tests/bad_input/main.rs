//! The table of bad input: recipes, tables, images, IDX files and checkpoints, each given to the
//! program as a user would. Every one is answered with a code, the place, what was expected, what
//! was found and what helps; memory is limited, and the run that is there stays as it is.

#[path = "../common/mod.rs"]
mod common;

mod checkpoints;
mod idx;
mod images;
mod recipes;
mod tables;

use std::collections::BTreeMap;
use std::path::Path;

use common::{Ended, Place, TINY};

/// One row of the table.
pub struct Case {
    /// What is wrong.
    name: &'static str,
    /// Files to write first.
    files: Vec<(String, Vec<u8>)>,
    /// The arguments of the program.
    command: &'static str,
    /// The exit status: 1 for data and checkpoints, 2 for recipes.
    status: i32,
    /// The code of the answer.
    code: &'static str,
    /// Words that name the place.
    place: &'static str,
    /// Other words of the answer.
    says: &'static str,
}

impl Case {
    /// A case of files in a folder of its own, the recipe among them, to be trained.
    fn of_folder(
        name: &'static str,
        recipe: &str,
        files: Vec<(&str, Vec<u8>)>,
        [code, place, says]: [&'static str; 3],
    ) -> Self {
        let own: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let recipe = [("recipe.toml", recipe.into())];
        let files = files.into_iter().chain(recipe);
        Self {
            name,
            files: files.map(|(file, bytes)| (format!("{own}/{file}"), bytes)).collect(),
            command: format!("train {own}/recipe.toml").leak(),
            status: 1,
            code,
            place,
            says,
        }
    }
}

/// The most memory that an answer may need, in KiB of address space: the program with its threads
/// and the embedded data takes far less, a size from a bad header far more.
const MEMORY: u64 = 4 << 20;

/// Runs the program with limited memory.
fn run_limited(place: &Place, arguments: &str) -> Ended {
    let program = env!("CARGO_BIN_EXE_glassbox");
    let script = format!("ulimit -v {MEMORY} 2>/dev/null; exec {program} {arguments}");
    let mut command = std::process::Command::new("sh");
    command.current_dir(place.path()).args(["-c", &script]).env("TERM", "xterm");
    Ended::new(&command.output().unwrap())
}

/// Every file below `folder` with its content.
fn contents(folder: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            contents(&path, into);
        } else {
            into.insert(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
}

fn run_contents(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    contents(&place.path().join("runs"), &mut found);
    found
}

/// What is missing in the answer to a case, and the row that the table prints for it.
fn answer(place: &Place, case: &Case) -> (Vec<String>, String) {
    for (name, content) in &case.files {
        let path = place.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let ended = run_limited(place, case.command);
    let text = format!("{}{}", ended.out, ended.err);
    let mut missing = Vec::new();
    if ended.status != case.status {
        missing.push(format!("status {} instead of {}", ended.status, case.status));
    }
    let wanted = [case.code, case.place, case.says, "expected", "found", "help: "];
    missing.extend(
        wanted.iter().filter(|word| !text.contains(**word)).map(|word| format!("no {word:?}")),
    );
    if text.contains("panicked") || text.contains("RUST_BACKTRACE") {
        missing.push("a panic".into());
    }
    let row = format!("{}  status {}  {:<40} {}", case.code, ended.status, case.name, case.says);
    if !missing.is_empty() {
        missing.push(text);
    }
    (missing, row)
}

#[test]
fn every_bad_input_is_answered() {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    place.run("train tiny.toml --set train.epochs=1").ok();
    let before = run_contents(&place);
    let run = place.run_name();

    let mut cases = recipes::cases();
    cases.extend(tables::cases());
    cases.extend(images::cases());
    cases.extend(idx::cases());
    assert!(cases.len() + checkpoints::COUNT >= 60);
    let mut wrong = Vec::new();
    let mut check = |place: &Place, case: &Case| {
        let (missing, row) = answer(place, case);
        println!("{row}");
        if !missing.is_empty() {
            wrong.push(format!("{}: {}", case.name, missing.join("; ")));
        }
    };
    for case in &cases {
        check(&place, case);
        assert!(run_contents(&place) == before, "{} changed the run", case.name);
    }
    // Bad checkpoints stand in a copy of the run.
    let cases = checkpoints::cases(&place.path().join("runs").join(&run), &run);
    assert_eq!(cases.len(), checkpoints::COUNT);
    for case in &cases {
        let copy = Place::new();
        for (path, content) in &before {
            let inside = Path::new(path).strip_prefix(place.path()).unwrap();
            let target = copy.path().join(inside);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::write(target, content).unwrap();
        }
        check(&copy, case);
        // Nothing but the file that the case put there differs.
        for (path, content) in run_contents(&copy) {
            let inside = Path::new(&path).strip_prefix(copy.path()).unwrap();
            let own = case.files.iter().find(|(name, _)| Path::new(name) == inside);
            let original = before.get(&place.path().join(inside).display().to_string());
            let expected = own.map(|(_, content)| content).or(original);
            assert!(expected == Some(&content), "{}: {path} changed", case.name);
        }
    }
    assert!(wrong.is_empty(), "{} answers lack something:\n{}", wrong.len(), wrong.join("\n"));
}
