//! The exact training state, from which a run resumes to the same bits.
//!
//! A state file holds everything (weights, running statistics, optimizer, progress, observers),
//! so that one rename makes a checkpoint whole: there is no moment at which two files disagree.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use glassbox_nn::{LayerState, Parameters, RecurrentState};
use glassbox_tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::checkpoint::{CheckpointError, TensorFile, set_weights};
use crate::optim::{Optimizer, OptimizerState, UpdateRule};
use crate::progress::Progress;

/// What observers must remember, by name.
type Observers = serde_json::Map<String, serde_json::Value>;

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
    pub observers: Observers,
}

/// The part of a state file that is not tensors.
#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    progress: Progress,
    update_counts: Vec<u64>,
    observers: Observers,
}

const VERSION: u32 = 1;
const HEADER: &str = "glassbox.training_state";

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

/// A training state read back. Tensors are shared until they are changed.
#[derive(Clone)]
pub struct SavedState {
    path: PathBuf,
    model: Vec<(String, Tensor)>,
    optimizer: OptimizerState,
    /// Where training stood.
    pub progress: Progress,
    /// What recurrent layers carry to the next batch.
    pub recurrent: RecurrentState,
    /// What observers remember, by name.
    pub observers: Observers,
}

impl SavedState {
    /// Reads a state file.
    ///
    /// # Errors
    /// When the file cannot be read or is not a training state of this version.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let mut file = TensorFile::read(path)?;
        let foreign = |what: String| {
            let help = "resume needs the run's own checkpoints/training-state.safetensors";
            CheckpointError::new("GB0507", path, "a training state", what, help)
        };
        let header = file.metadata.get(HEADER);
        let header = header.ok_or_else(|| foreign("plain weights".to_owned()))?;
        let header: Header = serde_json::from_str(header)
            .map_err(|error| foreign(format!("one that does not parse: {error}")))?;
        if header.version != VERSION {
            let found = header.version;
            return Err(foreign(format!("version {found}, which is not version {VERSION}")));
        }
        let (model, tensors) = (file.take("model."), file.take("optimizer."));
        let optimizer = OptimizerState { steps: header.update_counts, tensors };
        let recurrent = recurrent_state(file.take("recurrent."));
        let (progress, observers) = (header.progress, header.observers);
        Ok(Self { path: path.into(), model, optimizer, progress, recurrent, observers })
    }

    /// A state of weights alone, for runs that kept no more of their best epoch: the optimizer
    /// starts from scratch.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn of_weights(path: &Path, progress: Progress) -> Result<Self, CheckpointError> {
        let model = TensorFile::read(path)?.tensors;
        let (optimizer, recurrent, observers) = Default::default();
        Ok(Self { path: path.into(), model, optimizer, progress, recurrent, observers })
    }

    /// Where training stood, from the header of a state file alone; none when it cannot be read.
    pub fn peek(path: &Path) -> Option<Progress> {
        let metadata = TensorFile::read_metadata(path)?;
        Some(serde_json::from_str::<Header>(metadata.get(HEADER)?).ok()?.progress)
    }

    /// Writes the whole state to one file, atomically.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write(&self, path: &Path) -> Result<(), CheckpointError> {
        let header = Header {
            version: VERSION,
            progress: self.progress.clone(),
            update_counts: self.optimizer.steps.clone(),
            observers: self.observers.clone(),
        };
        let header = serde_json::to_string(&header).map_err(|error| {
            let help = "this is a defect of Glassbox: please report it";
            CheckpointError::new("GB0504", path, "a state that can be written", error, help)
        })?;
        let metadata = HashMap::from([(HEADER.to_owned(), header)]);
        TensorFile { tensors: self.tensors(), metadata }.write(path)
    }

    /// Every tensor by its name in the file.
    fn tensors(&self) -> Vec<(String, Tensor)> {
        let named = |prefix: &str, tensors: &[(String, Tensor)]| {
            let name =
                |(name, tensor): &(String, Tensor)| (format!("{prefix}{name}"), tensor.clone());
            tensors.iter().map(name).collect::<Vec<_>>()
        };
        let mut tensors = named("model.", &self.model);
        tensors.extend(named("optimizer.", &self.optimizer.tensors));
        for (index, layer) in self.recurrent.layers().iter().enumerate() {
            tensors.push((format!("recurrent.{index}.hidden"), layer.hidden.clone()));
            let cell = layer.cell.clone().map(|cell| (format!("recurrent.{index}.cell"), cell));
            tensors.extend(cell);
        }
        tensors
    }

    /// The model's tensors by their names.
    pub(crate) fn weights(&self) -> &[(String, Tensor)] {
        &self.model
    }

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

/// The state of each layer from `0.hidden`, `0.cell`, `1.hidden`, …
fn recurrent_state(tensors: Vec<(String, Tensor)>) -> RecurrentState {
    let mut tensors: HashMap<String, Tensor> = tensors.into_iter().collect();
    let layers = (0..).map_while(|index| {
        let hidden = tensors.remove(&format!("{index}.hidden"))?;
        Some(LayerState { hidden, cell: tensors.remove(&format!("{index}.cell")) })
    });
    RecurrentState::from_layers(layers.collect())
}
