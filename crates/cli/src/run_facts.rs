//! What lists of runs tell of each.

use glassbox_runs::{RunFolder, RunLock, RunRecord, Status, checkpoint};
use glassbox_train::Scores;

use crate::format::{NOTHING, score};

/// The score that says most: accuracy, or the error in the targets' units.
pub fn main_score(scores: &Scores) -> String {
    match (scores.get("accuracy"), scores.get("rmse")) {
        (Some(accuracy), _) => format!("{:.2} %", 100.0 * accuracy),
        (_, Some(rmse)) => format!("rmse {}", score(rmse)),
        _ => scores.get("loss").map_or(NOTHING.into(), |loss| format!("loss {}", score(loss))),
    }
}

/// `finished`, `failed`, `killed`: in one word what became of a run.
pub fn status(folder: &RunFolder, record: &RunRecord) -> &'static str {
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
pub fn epochs(folder: &RunFolder, record: &RunRecord, status: &str) -> usize {
    let saved = (status == "killed").then(|| checkpoint::peek_state(&folder.training_state()));
    saved.flatten().map_or(record.epoch, |progress| progress.epoch)
}
