//! Finding a run by what the user calls it.

use std::ffi::OsStr;
use std::path::Path;

use glassbox_runs::{FoundRuns, RunFolder, RunRecord};

use crate::failure::Failure;
use crate::terminal::complain;

/// The run that `text` means: a folder, a name, a beginning that fits one run only, or `last`.
pub fn find(text: impl AsRef<OsStr>, runs: &Path) -> Result<(RunFolder, RunRecord), Failure> {
    let path = Path::new(text.as_ref());
    let text = &*text.as_ref().to_string_lossy();
    if text.trim().is_empty() {
        let message = "the name of a run is empty".to_owned();
        return Err(Failure::Usage(format!(
            "{message}\n  help: `glassbox runs ls` lists the runs"
        )));
    }
    if path.join("run.json").is_file() {
        return open(path);
    }
    let FoundRuns { whole: list, mut damaged } = RunFolder::scan(runs);
    if text == "last" {
        let Some((folder, record)) = list.into_iter().next_back() else {
            if let Some((_, error)) = damaged.pop() {
                return Err(error.into());
            }
            let message = format!("there are no runs in {}", runs.display());
            return Err(Failure::Usage(format!("{message}\n  help: `glassbox train` makes one")));
        };
        if let Some((newer, error)) = damaged.iter().find(|(other, _)| other.is_newer(&folder)) {
            let (newer, name) = (newer.name(), folder.name());
            complain!(
                "note: {newer} is newer, but damaged; the last whole run is {name}\n  {error}"
            );
        }
        return Ok((folder, record));
    }
    if runs.join(path).join("run.json").is_file() {
        return open(&runs.join(path));
    }
    let fitting: Vec<_> =
        list.iter().filter(|(folder, record)| fits(&folder.name(), &record.name, text)).collect();
    match fitting.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let message = format!("there is no run \"{text}\" in {}", runs.display());
            Err(Failure::Usage(format!("{message}\n  help: `glassbox runs ls` lists the runs")))
        }
        many => {
            let names: Vec<String> = many.iter().map(|(folder, _)| folder.name()).collect();
            let message = format!("\"{text}\" fits {} runs: {}", many.len(), names.join(", "));
            Err(Failure::Usage(format!("{message}\n  help: write more of the name")))
        }
    }
}

fn open(path: &Path) -> Result<(RunFolder, RunRecord), Failure> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = RunFolder::open(&path)?;
    let record = folder.record()?;
    Ok((folder, record))
}

/// Whether `text` begins a run's name, with or without the date, or ends it.
fn fits(folder: &str, name: &str, text: &str) -> bool {
    let without_date = RunFolder::without_date(folder);
    let fits = |text: &str| {
        let begins = [folder, name, without_date].iter().any(|name| name.starts_with(text));
        begins || folder.ends_with(text)
    };
    // A name as it was given is found, too, where a folder cannot have it.
    // One that leaves nothing of itself would be the name that runs without one have.
    let is_name = text.contains(|c: char| c.is_alphanumeric());
    fits(text) || (is_name && fits(&RunFolder::part_of_name(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_and_endings_fit() {
        let name = "2026-11-23-digits-cnn-3f2a";
        for text in ["2026-11-23-digits", "digits", "digits-cnn-3f", "3f2a"] {
            assert!(fits(name, name, text), "{text}");
        }
        let name = "2026-11-23-drop0.0-my-net-7-3f2a";
        for text in ["drop0.0", "drop0.0-my net/7", "drop0.0 my net/7"] {
            assert!(fits(name, name, text), "{text}");
        }
        for text in ["cnn", "fashion"] {
            assert!(!fits(name, name, text), "{text}");
        }
    }

    #[test]
    fn runs_are_found_or_not() {
        let runs = tempfile::tempdir().unwrap();
        let missing = |text| match find(text, runs.path()) {
            Err(Failure::Usage(message)) => message,
            other => panic!("{:?}", other.map(|(folder, _)| folder)),
        };
        assert!(missing("last").starts_with("there are no runs in"));
        let names: Vec<_> = (0..2)
            .map(|started| {
                let folder = RunFolder::create(runs.path(), "digits").unwrap();
                let mut record = RunRecord { name: folder.name(), started, ..Default::default() };
                folder.write_record(&mut record).unwrap();
                folder.name()
            })
            .collect();
        assert_eq!(find("last", runs.path()).unwrap().0.name(), names[1]);
        assert_eq!(find(&names[0], runs.path()).unwrap().0.name(), names[0]);
        let path = runs.path().join(&names[0]);
        assert_eq!(find(path.to_str().unwrap(), runs.path()).unwrap().0.name(), names[0]);
        assert!(missing("digits").starts_with("\"digits\" fits 2 runs"));
        assert!(missing("mnist").contains("there is no run \"mnist\""));
        // A run without a name has one that must not be found by nothing.
        let folder = RunFolder::create(runs.path(), "").unwrap();
        folder.write_record(&mut RunRecord { name: folder.name(), ..Default::default() }).unwrap();
        for nothing in ["", " ", "\t "] {
            assert!(missing(nothing).contains("is empty"), "{nothing:?}");
        }
    }
}
