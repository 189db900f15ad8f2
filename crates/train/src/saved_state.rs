//! The exact training state, from which a run resumes to the same bits.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use glassbox_nn::{Parameters, RecurrentState};
use glassbox_tensor::{DType, Tensor};

use crate::optim::{Optimizer, OptimizerState, UpdateRule};
use crate::progress::Progress;

/// What observers must remember, by name.
pub type ObserverStates = serde_json::Map<String, serde_json::Value>;

/// Everything needed to resume, as it stands at one moment.
pub struct Snapshot<'a> {
    /// The model.
    pub model: &'a dyn Parameters,
    /// The optimizer with its state.
    pub optimizer: &'a Optimizer,
    /// Where training stands.
    pub progress: &'a Progress,
    /// What recurrent layers carry to the next batch.
    pub recurrent: &'a RecurrentState,
    /// What observers must remember, by name.
    pub observers: ObserverStates,
}

impl Snapshot<'_> {
    /// The state as it is now. Tensors are shared until they are changed, so this is cheap.
    pub fn to_saved(&self) -> SavedState {
        SavedState {
            path: PathBuf::new(),
            model: glassbox_nn::state(self.model).into_iter().collect(),
            optimizer: self.optimizer.state(self.model),
            progress: self.progress.clone(),
            recurrent: self.recurrent.clone(),
            observers: self.observers.clone(),
        }
    }
}

/// A training state by itself. Tensors are shared until they are changed.
#[derive(Clone)]
pub struct SavedState {
    /// The file it is from; empty where it is from none.
    pub path: PathBuf,
    /// The model's tensors by their names.
    pub model: Vec<(String, Tensor)>,
    /// The optimizer's memory.
    pub optimizer: OptimizerState,
    /// Where training stood.
    pub progress: Progress,
    /// What recurrent layers carry to the next batch.
    pub recurrent: RecurrentState,
    /// What observers remember, by name.
    pub observers: ObserverStates,
}

impl SavedState {
    /// Whether the optimizer's memory is that of `rule`.
    pub fn fits(&self, rule: &dyn UpdateRule) -> bool {
        let saved = self.optimizer.tensors.iter().filter_map(|(name, _)| name.rsplit('.').next());
        let wanted: BTreeSet<&str> = rule.state_names().iter().copied().collect();
        self.optimizer.steps.is_empty() || saved.collect::<BTreeSet<_>>() == wanted
    }

    /// Lets the optimizer start from scratch, as for another update rule.
    pub fn forget_optimizer(&mut self) {
        self.optimizer = OptimizerState::default();
    }

    /// Puts weights and optimizer state back.
    ///
    /// # Errors
    /// When they belong to another model or optimizer; both are then as they were.
    pub fn apply(
        self,
        model: &mut dyn Parameters,
        optimizer: &mut Optimizer,
    ) -> Result<(), CheckpointError> {
        let before = glassbox_nn::state(&*model);
        set_weights(model, self.model, &self.path)?;
        optimizer.restore(&*model, self.optimizer).map_err(|what| {
            // They are the model's own, and fit.
            let _ = glassbox_nn::load_state(model, &before);
            let help = "the state belongs to another optimizer; use the run's own recipe";
            let expected = "the state of the recipe's optimizer";
            CheckpointError::new("GB0508", &self.path, expected, what, help)
        })
    }
}

/// A checkpoint file that cannot be used, for people.
#[derive(Debug, thiserror::Error)]
#[error("{code} × {}: expected {expected}, found {found}\n  help: {help}", path.display())]
pub struct CheckpointError {
    /// `GB05xx`.
    pub code: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What would have been right.
    pub expected: String,
    /// What was there instead.
    pub found: String,
    /// What to do.
    pub help: String,
}

impl CheckpointError {
    /// What is wrong with a file.
    pub fn new(
        code: &'static str,
        path: &Path,
        expected: impl ToString,
        found: impl ToString,
        help: &str,
    ) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        Self { code, path: path.into(), expected, found, help: help.into() }
    }
}

/// Puts `tensors`, read from `path`, into a model of the same structure. The model is untouched on
/// failure.
///
/// # Errors
/// When a tensor is missing, unexpected or of another shape, or a value is not finite.
pub fn set_weights(
    model: &mut dyn Parameters,
    tensors: Vec<(String, Tensor)>,
    path: &Path,
) -> Result<(), CheckpointError> {
    if let Some((name, tensor)) = tensors.iter().find(|(_, tensor)| !is_finite(tensor)) {
        let bad = tensor.as_slice().iter().filter(|value| !value.is_finite()).count();
        let found = format!("{bad} values in tensor {name:?} that are NaN or infinite");
        let help = "training had diverged or the file is damaged; use another checkpoint";
        return Err(CheckpointError::new("GB0505", path, "finite values", found, help));
    }
    glassbox_nn::load_state(model, &tensors.into_iter().collect()).map_err(|error| {
        let help = "the file belongs to another model; use the recipe it was trained with";
        CheckpointError::new("GB0506", path, "the tensors of this model", error, help)
    })
}

/// Whether all values are finite; whole numbers are.
pub(crate) fn is_finite(tensor: &Tensor) -> bool {
    tensor.dtype() != DType::F32 || tensor.as_slice().iter().all(|value| value.is_finite())
}
