//! Checkpoints in the run folder: the best weights, the last weights, and the training state.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use glassbox_train::{Event, Flow, Observer, SavedState, StepReport, StepView, TrainError};

use crate::RunError;
use crate::checkpoint::{TensorFile, write_state};
use crate::run_folder::RunFolder;

/// Writes checkpoints into a run folder: the last weights and the exact state to resume from, the
/// best weights and theirs, and the exact state at the five latest steps at which the recipe asks
/// for one.
///
/// Writing syncs to disk, so short epochs share a write: at most one a second, plus the first and
/// the last. Runs that are killed in between repeat the missing steps to the same bits; a run that
/// fails writes what it holds back.
pub struct Checkpoints {
    folder: RunFolder,
    every_steps: Option<u64>,
    metadata: HashMap<String, String>,
    written: Option<Instant>,
    /// The state of the best epoch, if that is not on disk yet. Tensors are shared with the model
    /// until it changes them.
    best: Option<Arc<SavedState>>,
    /// The state of the last epoch, if that is not on disk yet.
    last: Option<Arc<SavedState>>,
    /// Whether the recipe asks for a checkpoint of this step.
    asked: bool,
}

/// The least time between two writes.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest time of training that a kill can cost.
const LONGEST: Duration = Duration::from_secs(60);
/// How many of the steps that the recipe asks for are kept.
const KEPT: usize = 5;

impl Checkpoints {
    /// Checkpoints in `folder`, also every `every_steps` optimizer steps if given. `metadata`
    /// stands in the header of the weight files.
    pub fn new(
        folder: RunFolder,
        every_steps: Option<u64>,
        metadata: HashMap<String, String>,
    ) -> Self {
        let (written, best, last) = (None, None, None);
        Self { folder, every_steps, metadata, written, best, last, asked: false }
    }

    /// The weights of a state, and what they are for.
    fn weights(&self, state: &SavedState) -> TensorFile {
        let mut metadata = self.metadata.clone();
        metadata.insert("step".into(), state.progress.step.to_string());
        metadata.insert("epoch".into(), state.progress.epoch.to_string());
        TensorFile { tensors: state.model.clone(), metadata }
    }

    /// Writes what is held back, which is held until it is written.
    fn write(&mut self) -> Result<(), TrainError> {
        self.write_all()?;
        // Not before: what a full disk did not take is written when the run ends or fails.
        (self.best, self.last, self.asked) = (None, None, false);
        self.written = Some(Instant::now());
        Ok(())
    }

    /// The state comes last: a kill before it repeats the steps that lead to these weights.
    fn write_all(&self) -> Result<(), TrainError> {
        let Self { folder, best, last, .. } = self;
        let is_last = |best: &Arc<SavedState>| {
            last.as_ref().is_some_and(|last| last.progress == best.progress)
        };
        if let Some(best) = best {
            self.weights(best).write(&folder.best_weights())?;
            if !is_last(best) {
                write_state(best, &folder.best_state())?;
            }
        }
        let Some(state) = last else { return Ok(()) };
        self.weights(state).write(&folder.last_weights())?;
        write_state(state, &folder.training_state())?;
        if best.as_ref().is_some_and(is_last) {
            same_file(&folder.training_state(), &folder.best_state())?;
        }
        if self.asked {
            same_file(&folder.training_state(), &folder.step_state(state.progress.step))?;
            let steps = folder.kept_steps();
            for step in &steps[..steps.len().saturating_sub(KEPT)] {
                // One that stays is no harm.
                let _ = fs::remove_file(folder.step_state(*step));
            }
        }
        Ok(())
    }

    fn due(&self, longest: Duration) -> bool {
        self.written.is_none_or(|written| written.elapsed() >= longest)
    }
}

/// Lets `to` be the file that is now `from`, which is replaced and never changed: a second name
/// for it where the file system has such, a copy otherwise.
///
/// # Errors
/// When the disk does not take it.
pub fn same_file(from: &Path, to: &Path) -> Result<(), TrainError> {
    let failed = |source| RunError::folder(to, source);
    let name = to.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let temporary = to.with_file_name(format!(".{name}.partial"));
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed(error).into());
        }
        _ => {}
    }
    fs::hard_link(from, &temporary)
        .or_else(|_| fs::copy(from, &temporary).map(|_| ()))
        .and_then(|()| fs::rename(&temporary, to))
        .map_err(failed)?;
    // Two names of one file: renaming one to the other does nothing.
    let _ = fs::remove_file(&temporary);
    Ok(())
}

impl Observer for Checkpoints {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        match event {
            Event::Step(StepView { report: StepReport { step, .. }, .. })
            | Event::Skipped { step } => {
                self.asked = self.every_steps.is_some_and(|every| step.is_multiple_of(every));
                if self.asked {
                    self.written = None; // write whatever the clock says
                }
                let save = self.asked || self.due(LONGEST);
                Ok(if save { Flow::Save } else { Flow::Continue })
            }
            Event::Save { snapshot, best, last } => {
                let state = Arc::new(snapshot.to_saved());
                if *best {
                    self.best = Some(state.clone());
                }
                self.last = Some(state);
                if *last || self.due(SHORTEST) {
                    self.write()?;
                }
                Ok(Flow::Continue)
            }
            Event::Failed { .. } => {
                self.write()?;
                Ok(Flow::Continue)
            }
            _ => Ok(Flow::Continue),
        }
    }
}
