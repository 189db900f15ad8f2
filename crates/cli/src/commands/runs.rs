//! `glassbox runs`: list and remove runs.

use std::fs;

use glassbox_train::{FoundRuns, RunFolder, RunRecord, Scores, Status, unix_time};

use crate::arguments::{ListRuns, RemoveRuns, Runs, RunsAction};
use crate::failure::Failure;
use crate::format::score;
use crate::run_names;
use crate::terminal::say;

/// A run whose heartbeat is older, in seconds, was killed.
const ALIVE: u64 = 30;

pub fn run(arguments: &Runs) -> Result<(), Failure> {
    match &arguments.action {
        RunsAction::Ls(arguments) => list(arguments),
        RunsAction::Rm(arguments) => remove(arguments),
    }
}

fn list(arguments: &ListRuns) -> Result<(), Failure> {
    let FoundRuns { whole: runs, damaged } = RunFolder::scan(&arguments.runs.path);
    if arguments.json {
        for (_, record) in &runs {
            say!("{}", serde_json::to_string(record).map_err(std::io::Error::from)?);
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
        let epochs = format!("{}/{}", record.epoch, record.epochs);
        let test = record.test.as_ref().map_or("–".into(), main_score);
        let status = status(record);
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

fn status(record: &RunRecord) -> &'static str {
    match record.status {
        Status::Running if is_alive(record) => "running",
        Status::Running => "killed",
        Status::Finished => "finished",
        Status::Interrupted => "interrupted",
        Status::Failed => "failed",
    }
}

fn is_alive(record: &RunRecord) -> bool {
    record.status == Status::Running && unix_time().saturating_sub(record.heartbeat) < ALIVE
}

fn remove(arguments: &RemoveRuns) -> Result<(), Failure> {
    // All names first: nothing is removed when one of them is wrong.
    let mut found = Vec::new();
    for name in &arguments.names {
        let (folder, record) = run_names::find(name, &arguments.runs.path)?;
        if is_alive(&record) && !arguments.force {
            return Err(Failure::Usage(format!(
                "{} seems to be training\n  help: stop it first, or use --force",
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
