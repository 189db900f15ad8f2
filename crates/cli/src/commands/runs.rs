//! `glassbox runs`: list and remove runs.

use std::fs;

use glassbox_train::checkpoint::SavedState;
use glassbox_train::{FoundRuns, RunFolder, RunLock, RunRecord, Scores, Status};

use crate::arguments::{ListRuns, RemoveRuns, Runs, RunsAction};
use crate::failure::Failure;
use crate::format::score;
use crate::run_names;
use crate::terminal::say;

pub fn run(arguments: &Runs) -> Result<(), Failure> {
    match &arguments.action {
        RunsAction::Ls(arguments) => list(arguments),
        RunsAction::Rm(arguments) => remove(arguments),
    }
}

fn list(arguments: &ListRuns) -> Result<(), Failure> {
    let FoundRuns { whole: runs, damaged } = RunFolder::scan(&arguments.runs.path);
    if arguments.json {
        for (folder, record) in &runs {
            let mut object = serde_json::to_value(record).map_err(std::io::Error::from)?;
            object["status"] = status(folder, record).into();
            say!("{object}");
        }
        return Ok(());
    }
    if runs.is_empty() && damaged.is_empty() {
        say!("no runs in {}", arguments.runs.path.display());
        say!("next: glassbox train");
        return Ok(());
    }
    let folders = || runs.iter().map(|(folder, _)| folder).chain(damaged.iter().map(|(f, _)| f));
    let width = folders().map(|folder| folder.name().chars().count()).max().unwrap_or(0);
    say!("{:width$}  {:11}  {:>9}  {:>16}  test", "run", "status", "epochs", "best");
    for (folder, record) in &runs {
        let best = record.best.as_ref().map_or("–".into(), |best| {
            format!("{} {:.4}", best.metric.trim_start_matches("valid."), best.value)
        });
        let status = status(folder, record);
        let epochs = format!("{}/{}", epochs(folder, record, status), record.epochs);
        let test = record.test.as_ref().map_or("–".into(), main_score);
        say!("{:width$}  {status:11}  {epochs:>9}  {best:>16}  {test}", folder.name());
    }
    for (folder, _) in &damaged {
        say!("{:width$}  damaged: run.json cannot be read", folder.name());
    }
    Ok(())
}

/// The score that says most: accuracy, or the error in the targets' units.
pub(super) fn main_score(scores: &Scores) -> String {
    match (scores.get("accuracy"), scores.get("rmse")) {
        (Some(accuracy), _) => format!("{:.2} %", 100.0 * accuracy),
        (_, Some(rmse)) => format!("rmse {}", score(rmse)),
        _ => scores.get("loss").map_or("–".into(), |loss| format!("loss {}", score(loss))),
    }
}

fn status(folder: &RunFolder, record: &RunRecord) -> &'static str {
    match record.status {
        Status::Running if RunLock::writer(folder).is_some() => "running",
        Status::Running => "killed",
        Status::Finished => "finished",
        Status::Interrupted => "interrupted",
        Status::Failed => "failed",
    }
}

/// The epochs that a run has trained: of one that was killed those of the state on disk, from which
/// it resumes.
fn epochs(folder: &RunFolder, record: &RunRecord, status: &str) -> usize {
    let saved = (status == "killed").then(|| SavedState::peek(&folder.training_state()));
    saved.flatten().map_or(record.epoch, |progress| progress.epoch)
}

fn remove(arguments: &RemoveRuns) -> Result<(), Failure> {
    // All names first: nothing is removed when one of them is wrong.
    let mut found = Vec::new();
    for name in &arguments.names {
        let (folder, _) = run_names::find(name, &arguments.runs.path)?;
        if let (Some(writer), false) = (RunLock::writer(&folder), arguments.force) {
            return Err(Failure::Usage(format!(
                "{} is being trained by {writer}\n  help: stop it first, or use --force",
                folder.name()
            )));
        }
        found.push(folder);
    }
    for folder in found {
        fs::remove_dir_all(folder.path()).map_err(|error| {
            Failure::Failed(format!("error: {} cannot be removed: {error}", folder.name()))
        })?;
        say!("removed {}", folder.name());
    }
    Ok(())
}
