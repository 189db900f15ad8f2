//! What a resumption changes on the disk: nothing before it is certain that training begins.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use glassbox_runs::observers::same_file;
use glassbox_runs::{RunError, RunFolder, atomic, checkpoint};
use glassbox_train::{Event, Flow, Observer, SavedState, TrainError};

use crate::terminal::complain;

/// What a resumption makes other than it was. Whether the run can be trained so is known only
/// after the trainer has taken the state and compared it with the data: until then the folder stays as
/// it is.
pub struct Changes {
    pub folder: RunFolder,
    /// What the user is told, a line each.
    pub told: Vec<String>,
    /// The name under which the best weights so far are kept, where their scores count no more.
    pub best_kept_as: Option<PathBuf>,
    /// The state to resume from, where it is not the one on the disk.
    pub state: Option<SavedState>,
    /// Whether the run begins again: the states on the disk are those of a way that is left.
    pub begins_again: bool,
    /// The resolved recipe, where it is another.
    pub recipe: Option<String>,
    /// Steps of the way that is left, whose states are removed.
    pub left: Vec<u64>,
}

impl Changes {
    /// State first, recipe second: a process that is killed after that resumes as if the run had
    /// always been so. What is removed comes last.
    fn make(&self) -> Result<(), TrainError> {
        let folder = &self.folder;
        self.told.iter().for_each(|line| complain!("{line}"));
        if let Some(path) = &self.best_kept_as {
            same_file(&folder.best_weights(), path)?;
        }
        if let Some(state) = &self.state {
            checkpoint::write_state(state, &folder.training_state())?;
        }
        if let Some(recipe) = &self.recipe {
            let path = folder.resolved();
            atomic::write(&path, recipe.as_bytes())
                .map_err(|source| RunError::Folder { path, source })?;
        }
        if self.begins_again {
            // The next checkpoint would write over it; until then a resumption must not find it.
            let _ = std::fs::remove_file(folder.training_state());
        }
        for step in &self.left {
            // One that stays is no harm.
            let _ = std::fs::remove_file(folder.step_state(*step));
        }
        Ok(())
    }
}

/// Makes the changes of a resumption when training begins, before anything else is written.
pub struct Beginning {
    changes: Option<Changes>,
    has_begun: Rc<Cell<bool>>,
}

impl Beginning {
    /// Sets `has_begun` when training begins, and makes `changes` then.
    pub fn new(changes: Option<Changes>, has_begun: Rc<Cell<bool>>) -> Self {
        Self { changes, has_begun }
    }
}

impl Observer for Beginning {
    fn on(&mut self, event: &Event<'_>) -> Result<Flow, TrainError> {
        if let Event::RunStart(_) = event {
            self.has_begun.set(true);
            // Taken, so that the state does not fill the memory while the run trains on.
            if let Some(changes) = self.changes.take() {
                changes.make()?;
            }
        }
        Ok(Flow::Continue)
    }
}
