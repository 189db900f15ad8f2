//! Paths of `[data]`: absolute while a recipe is used, relative in a run's folder where they were
//! relative in the recipe, so that a project can be moved with its runs.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use serde_json::Value as Json;

use crate::codes;
use crate::diagnostic::Problem;
use crate::tree::{Entry, Table, Value};

/// Whether the key of `[data]` is a path.
pub(crate) fn is_path(key: &str) -> bool {
    key == "path" || key.ends_with("_path")
}

fn path_of(entry: &Entry) -> Option<&str> {
    match &entry.node.value {
        Value::Text(path) if is_path(&entry.key) && !path.is_empty() => Some(path),
        _ => None,
    }
}

/// The keys whose paths are relative.
pub(crate) fn relative(table: &Table) -> Vec<String> {
    let relative =
        |entry: &&Entry| path_of(entry).is_some_and(|path| Path::new(path).is_relative());
    table.entries.iter().filter(relative).map(|entry| entry.key.clone()).collect()
}

/// The table with its paths made absolute, so that the experiment does not depend on where it is
/// read again. Those of the file start at `base`, those of an override at the working directory.
///
/// A recipe is text: where a folder's name is not, the path starts at the working directory if that
/// is within the folder, and is a problem otherwise.
pub(crate) fn absolute(table: &Table, base: &Path, problems: &mut Vec<Problem>) -> Table {
    let mut table = table.clone();
    for entry in &mut table.entries {
        let from_override = entry.node.place.source > 0;
        let Some(path) = path_of(entry) else { continue };
        let joined = if from_override { Path::new(path).into() } else { base.join(path) };
        let absolute = std::path::absolute(&joined).unwrap_or(joined);
        match text(tidy(&absolute)) {
            Ok(path) => entry.node.value = Value::Text(path),
            Err(path) => problems.push(
                Problem::new(
                    codes::UNREADABLE,
                    "the path leads through a folder with a name that is not UTF-8",
                )
                .at(&entry.node.place)
                .expected("a path of UTF-8 text")
                .found(format!("{path:?}"))
                .help("run glassbox within that folder, or rename it"),
            ),
        }
    }
    table
}

/// The path as text, from the working directory where only what is above has another name.
fn text(path: PathBuf) -> Result<String, PathBuf> {
    let path = match path.into_os_string().into_string() {
        Ok(path) => return Ok(path),
        Err(path) => PathBuf::from(path),
    };
    let here = std::env::current_dir().ok().and_then(|here| way(&here, &path));
    here.and_then(|way| way.into_os_string().into_string().ok()).ok_or(path)
}

/// The path without `..`, if that is the same place, or the only one of the two that exists (a
/// folder of runs may be a symbolic link).
fn tidy(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(short.pop()),
            part => short.push(part),
        }
    }
    match (short.canonicalize(), path.canonicalize()) {
        (Ok(short_place), Ok(place)) if short_place != place => path.into(),
        (Err(_), Ok(_)) => path.into(),
        _ => short,
    }
}

/// The way from the folder `from` to `to`, both absolute: `../../data/table.csv`. None where there
/// is none, as between two drives.
fn way(from: &Path, to: &Path) -> Option<PathBuf> {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let common = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
    // A root is always shared; a drive of Windows need not be.
    if common == 0 {
        return None;
    }
    let up = from[common..].iter().map(|_| OsString::from(".."));
    let down = to[common..].iter().map(|part| part.as_os_str().to_owned());
    Some(up.chain(down).collect())
}

/// Writes the paths of `keys` in the JSON of a `[data]` table relative to `folder`.
pub(crate) fn make_relative(data: &mut Json, keys: &[String], folder: &Path) {
    let Ok(folder) = std::path::absolute(folder) else { return };
    for key in keys {
        let Some(path) = data[key].as_str().and_then(|path| std::path::absolute(path).ok()) else {
            continue;
        };
        let way =
            way(&tidy(&folder), &path).and_then(|way| way.into_os_string().into_string().ok());
        if let Some(way) = way {
            data[key] = way.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_go_up_and_down() {
        let way = |from: &str, to: &str| way(Path::new(from), Path::new(to));
        assert_eq!(way("/p/runs/a", "/p/t.csv").unwrap(), Path::new("../../t.csv"));
        assert_eq!(way("/p/runs/a", "/p/runs/a/t.csv").unwrap(), Path::new("t.csv"));
        assert_eq!(way("/p", "/q/data").unwrap(), Path::new("../q/data"));
        assert_eq!(way("p", "/q"), None);
    }

    #[test]
    fn a_relative_path_is_found_again_from_where_it_is_written() {
        let place = tempfile::tempdir().unwrap();
        let run = place.path().join("runs/a");
        std::fs::create_dir_all(&run).unwrap();
        std::fs::write(place.path().join("t.csv"), "x").unwrap();
        let data = place.path().join("t.csv");
        let mut json = serde_json::json!({ "path": data, "kind": "csv" });
        make_relative(&mut json, &["path".into()], &run);
        assert_eq!(json["path"], "../../t.csv");
        assert_eq!(tidy(&run.join("../../t.csv")), data);
        // What was absolute stays.
        let mut json = serde_json::json!({ "path": data });
        make_relative(&mut json, &[], &run);
        assert_eq!(json["path"].as_str().map(Path::new), Some(&*data));
    }

    #[cfg(unix)]
    #[test]
    fn a_linked_folder_of_runs_leads_back_to_the_project() {
        let place = tempfile::tempdir().unwrap();
        let (project, elsewhere) = (place.path().join("p"), place.path().join("disk/runs"));
        std::fs::create_dir_all(elsewhere.join("a")).unwrap();
        std::fs::create_dir(&project).unwrap();
        std::os::unix::fs::symlink(&elsewhere, project.join("runs")).unwrap();
        std::fs::write(project.join("t.csv"), "x").unwrap();
        let path = project.join("runs/a/../../t.csv");
        assert!(!path.exists(), "the system goes up from the link's target");
        assert_eq!(tidy(&path), project.join("t.csv"));
    }
}
