//! Which checkpoints a run has.

use std::fmt;
use std::path::PathBuf;

use crate::checkpoint::{TensorFile, peek_state};
use crate::run_folder::RunFolder;

/// A checkpoint from which a run can resume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// `best`, `last`, or the number of the step.
    pub name: String,
    /// Epochs completed.
    pub epoch: usize,
    /// Optimizer steps made.
    pub step: u64,
    /// The file: an exact training state, or weights alone.
    pub path: PathBuf,
    /// Whether it is an exact training state.
    pub is_exact: bool,
}

/// The checkpoints of a run: the best, those of the recipe's `checkpoint_every`, the last.
pub fn kept(folder: &RunFolder) -> Vec<Kept> {
    let exact = |name: &str, path: PathBuf| {
        let progress = peek_state(&path)?;
        let (name, epoch, step) = (name.to_owned(), progress.epoch, progress.step);
        Some(Kept { name, epoch, step, path, is_exact: true })
    };
    // Killed between the best weights and their state, a run has an earlier best state.
    let best = weights(folder).map(|weights| {
        let state = exact("best", folder.best_state());
        state.filter(|state| state.step == weights.step).unwrap_or(weights)
    });
    let steps = folder.kept_steps().into_iter();
    let steps = steps.filter_map(|step| exact(&step.to_string(), folder.step_state(step)));
    best.into_iter().chain(steps).chain(exact("last", folder.training_state())).collect()
}

/// The best weights by themselves.
fn weights(folder: &RunFolder) -> Option<Kept> {
    let path = folder.best_weights();
    let metadata = TensorFile::read_metadata(&path)?;
    let number = |key: &str| metadata.get(key)?.parse::<u64>().ok();
    let (epoch, step) = (number("epoch")? as usize, number("step")?);
    Some(Kept { name: "best".into(), epoch, step, path, is_exact: false })
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (epoch {}, step {})", self.name, self.epoch, self.step)
    }
}
