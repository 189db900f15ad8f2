//! The README's commands work as they are written.

mod common;

use std::path::Path;
use std::process::Command;

use crate::common::{Ended, Place, TINY};

/// The lines of the README's shell blocks, without their comments.
fn commands() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines).map(|line| line.split(" # ").next().unwrap().trim());
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Runs a line in a shell that has the program and nothing else of its own.
fn run(place: &Place, line: &str) -> Ended {
    let folder = Path::new(env!("CARGO_BIN_EXE_glassbox")).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&path)));
    let mut command = Command::new("sh");
    command.current_dir(place.path()).args(["-c", line]).env("PATH", path.unwrap());
    Ended::new(&command.output().unwrap())
}

/// A run on the embedded digits, and images to predict.
fn digits() -> Place {
    let place = Place::new();
    place.write("tiny.toml", TINY);
    place.run("train tiny.toml").ok();
    std::fs::create_dir_all(place.path().join("photos/more")).unwrap();
    for name in ["photo.png", "photos/a.png", "photos/more/b.png"] {
        let image = image::GrayImage::from_fn(8, 8, |x, y| image::Luma([(x * y * 4) as u8]));
        image.save(place.path().join(name)).unwrap();
    }
    place
}

/// A run on a table whose first column is no feature, and other data of its kind.
fn table() -> Place {
    let place = Place::new();
    let rows = |from: usize, to: usize| {
        let row =
            |i: usize| format!("{},{},{}\n", i + 1, i % 7, ["no", "yes"][usize::from(i % 7 > 3)]);
        format!("number,x,y\n{}", (from..to).map(row).collect::<String>())
    };
    place.write("own.csv", &rows(0, 80));
    place.write("moved.csv", &rows(0, 80));
    place.write("new.csv", &rows(80, 100));
    place.write("more.csv", &rows(100, 110));
    let recipe = "[data]\nkind = \"csv\"\npath = \"own.csv\"\nignore = [\"number\"]\n[model]\n\
                  layers = [{ type = \"dense\", units = \"classes\" }]\n[train]\nepochs = 2\n";
    place.write("own.toml", recipe);
    place.run("train own.toml").ok();
    place
}

#[cfg(unix)]
#[test]
fn the_readmes_commands_run_as_they_are_written() {
    let (digits, table) = (digits(), table());
    let mut count = 0;
    for line in commands() {
        // The two commands of the quick start and the installation build everything.
        if line.starts_with("cargo ") {
            continue;
        }
        let place = if line.contains(".csv") { &table } else { &digits };
        let ended = run(place, &line);
        assert_eq!(ended.status, 0, "{line}: {ended:?}");
        count += 1;
    }
    assert!(count >= 10, "{count} commands were found");
}
