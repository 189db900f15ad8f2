//! Checkpoints in the run folder: the best weights, the last weights, and the training state.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::TrainError;
use crate::checkpoint::{Snapshot, TensorFile};
use crate::event::{Event, Flow, Observer};
use crate::run_folder::RunFolder;

/// Writes checkpoints into a run folder.
///
/// Writing syncs to disk, so short epochs share a write: at most one a second, plus the first and
/// the last. Runs that are killed in between repeat the missing steps to the same bits.
pub struct Checkpoints {
    folder: RunFolder,
    every_steps: Option<u64>,
    metadata: HashMap<String, String>,
    written: Option<Instant>,
    /// The best weights that are not on disk yet.
    best: Option<TensorFile>,
}

/// The least time between two writes.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest time of training that a kill can cost.
const LONGEST: Duration = Duration::from_secs(60);

impl Checkpoints {
    /// Checkpoints in `folder`, also every `every_steps` optimizer steps if given. `metadata`
    /// stands in the header of the weight files.
    pub fn new(
        folder: RunFolder,
        every_steps: Option<u64>,
        metadata: HashMap<String, String>,
    ) -> Self {
        Self { folder, every_steps, metadata, written: None, best: None }
    }

    fn weights(&self, snapshot: &Snapshot<'_>) -> TensorFile {
        let mut metadata = self.metadata.clone();
        metadata.insert("step".into(), snapshot.progress.step.to_string());
        metadata.insert("epoch".into(), snapshot.progress.epoch.to_string());
        TensorFile { tensors: glassbox_nn::state(snapshot.model).into_iter().collect(), metadata }
    }

    fn write(&mut self, snapshot: &Snapshot<'_>) -> Result<(), TrainError> {
        // The state comes last: a kill before it repeats the steps that lead to these weights.
        if let Some(best) = self.best.take() {
            best.write(&self.folder.best_weights())?;
        }
        self.weights(snapshot).write(&self.folder.last_weights())?;
        snapshot.write(&self.folder.training_state())?;
        self.written = Some(Instant::now());
        Ok(())
    }

    fn due(&self, longest: Duration) -> bool {
        self.written.is_none_or(|written| written.elapsed() >= longest)
    }
}

impl Observer for Checkpoints {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        match event {
            Event::Step(report) => {
                let asked = self.every_steps.is_some_and(|every| report.step % every == 0);
                if asked {
                    self.written = None; // write whatever the clock says
                }
                let save = asked || self.written.is_none() || self.due(LONGEST);
                Ok(if save { Flow::Save } else { Flow::Continue })
            }
            Event::Save { snapshot, best, last } => {
                if *best {
                    self.best = Some(self.weights(snapshot));
                }
                if *last || self.due(SHORTEST) {
                    self.write(snapshot)?;
                }
                Ok(Flow::Continue)
            }
            _ => Ok(Flow::Continue),
        }
    }
}
