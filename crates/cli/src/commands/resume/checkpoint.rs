//! From which checkpoint a run resumes.

use glassbox_recipe::value_at;
use glassbox_runs::observers::length_after_epoch;
use glassbox_runs::{Kept, RunFolder, RunRecord, checkpoint};
use glassbox_train::{Best, EpochReport, Monitor, Progress, SavedState};
use serde_json::Value;

use super::no_such_checkpoint;
use crate::failure::Failure;

/// A checkpoint and what it holds.
pub struct Chosen {
    /// `best`, `last`, or `step 120`.
    pub name: String,
    /// The state; none for a run that begins again: it was killed before its first checkpoint, which
    /// is equivalent, or it diverged before an epoch was completed.
    pub state: Option<SavedState>,
    /// Whether it may be another state than the one the run would resume from by itself.
    pub is_earlier: bool,
    /// Whether only weights were kept: the optimizer starts from zero.
    is_exact: bool,
}

impl Chosen {
    /// The initial weights.
    fn beginning() -> Self {
        Self { name: "the beginning".into(), state: None, is_earlier: true, is_exact: true }
    }

    /// Optimizer steps made and epochs completed.
    pub fn place(&self) -> (u64, usize) {
        self.state.as_ref().map_or((0, 0), |state| (state.progress.step, state.progress.epoch))
    }

    /// `the best checkpoint (epoch 4, step 36)`.
    pub fn what(&self) -> String {
        let (step, epoch) = self.place();
        let fresh = match self.is_exact {
            true => "",
            false => ": weights alone were kept, the optimizer starts from scratch",
        };
        match self.state {
            Some(_) => format!("{} (epoch {epoch}, step {step}){fresh}", self.name),
            None => "its beginning".into(),
        }
    }
}

/// The checkpoint `from`; without one the last. A run that diverged resumes from its best one, and
/// from its beginning where it has none: the last state that was finite may be one step before the
/// end.
pub fn choose(
    folder: &RunFolder,
    record: &RunRecord,
    kept: &[Kept],
    from: Option<&str>,
) -> Result<Chosen, Failure> {
    let best = kept.iter().find(|kept| kept.name == "best");
    let wanted = match from {
        Some(name) => {
            let found = kept.iter().find(|kept| kept.name == name);
            let found = found.or_else(|| kept.iter().find(|kept| kept.step.to_string() == name));
            Some(found.ok_or_else(|| no_such_checkpoint(name, kept))?)
        }
        None => best.filter(|_| record.has_diverged()),
    };
    let Some(kept) = wanted else {
        return if record.has_diverged() { Ok(Chosen::beginning()) } else { last(folder) };
    };
    let number = kept.name.parse::<u64>().is_ok();
    let name = if number { format!("step {}", kept.name) } else { kept.name.clone() };
    let state = match kept.is_exact {
        true => checkpoint::read_state(&kept.path)?,
        false => weights_alone(folder, record, kept)?,
    };
    let is_earlier = kept.name != "last";
    Ok(Chosen { name, state: Some(state), is_earlier, is_exact: kept.is_exact })
}

fn last(folder: &RunFolder) -> Result<Chosen, Failure> {
    let path = folder.training_state();
    let state = if path.exists() { Some(checkpoint::read_state(&path)?) } else { None };
    Ok(Chosen { name: "last".into(), state, is_earlier: false, is_exact: true })
}

/// The best weights of a run of an earlier version, at the end of their epoch.
fn weights_alone(
    folder: &RunFolder,
    record: &RunRecord,
    kept: &Kept,
) -> Result<SavedState, Failure> {
    let (epoch, step) = (kept.epoch, kept.step);
    let best = record.best.clone().or_else(|| best_in_log(folder, epoch));
    let progress = Progress { epoch, step, best, ..Progress::default() };
    let mut state = checkpoint::state_of_weights(&kept.path, progress)?;
    for (name, path) in [("metrics_log", folder.metrics()), ("lag_log", folder.lags())] {
        state.observers.insert(name.into(), length_after_epoch(&path, epoch).into());
    }
    Ok(state)
}

/// The monitored score of `epoch`, from the log: a run of an earlier version that failed does not
/// tell it in its record.
fn best_in_log(folder: &RunFolder, epoch: usize) -> Option<Best> {
    let recipe = std::fs::read_to_string(folder.resolved()).ok()?;
    let metric = value_at(&recipe, "train.monitor")?.trim_matches('"').to_owned();
    let log = std::fs::read_to_string(folder.metrics()).ok()?;
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let epochs = lines.filter(|line| line["event"] == "epoch");
    let mut reports = epochs.filter_map(|line| serde_json::from_value::<EpochReport>(line).ok());
    let report = reports.find(|report| report.epoch == epoch)?;
    let (metric, value) = Monitor { metric }.value(&report.train, report.valid.as_ref())?;
    Some(Best { metric, value, epoch })
}
