//! The file of a training state: everything (weights, running statistics, optimizer, progress,
//! observers), so that one rename makes a checkpoint whole. There is no moment at which two files
//! disagree.

use std::collections::HashMap;
use std::path::Path;

use glassbox_nn::{LayerState, RecurrentState};
use glassbox_tensor::Tensor;
use glassbox_train::optim::OptimizerState;
use glassbox_train::{CheckpointError, ObserverStates, Progress, SavedState};
use serde::{Deserialize, Serialize};

use crate::checkpoint::TensorFile;

/// The part of a state file that is not tensors.
#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    progress: Progress,
    update_counts: Vec<u64>,
    observers: ObserverStates,
}

const VERSION: u32 = 1;
const HEADER: &str = "glassbox.training_state";

/// Reads a state file.
///
/// # Errors
/// When the file cannot be read or is not a training state of this version.
pub fn read_state(path: &Path) -> Result<SavedState, CheckpointError> {
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
    Ok(SavedState { path: path.into(), model, optimizer, progress, recurrent, observers })
}

/// A state of weights alone, for runs that kept no more of their best epoch: the optimizer
/// starts from scratch.
///
/// # Errors
/// When the file cannot be read.
pub fn state_of_weights(path: &Path, progress: Progress) -> Result<SavedState, CheckpointError> {
    let model = TensorFile::read(path)?.tensors;
    let (optimizer, recurrent, observers) = Default::default();
    Ok(SavedState { path: path.into(), model, optimizer, progress, recurrent, observers })
}

/// Where training stood, from the header of a state file alone; none when it cannot be read.
pub fn peek_state(path: &Path) -> Option<Progress> {
    let metadata = TensorFile::read_metadata(path)?;
    Some(serde_json::from_str::<Header>(metadata.get(HEADER)?).ok()?.progress)
}

/// Writes the whole state to one file, atomically.
///
/// # Errors
/// When the disk does not take it.
pub fn write_state(state: &SavedState, path: &Path) -> Result<(), CheckpointError> {
    let header = Header {
        version: VERSION,
        progress: state.progress.clone(),
        update_counts: state.optimizer.steps.clone(),
        observers: state.observers.clone(),
    };
    let header = serde_json::to_string(&header).map_err(|error| {
        let help = "this is a defect of Glassbox: please report it";
        CheckpointError::new("GB0504", path, "a state that can be written", error, help)
    })?;
    let metadata = HashMap::from([(HEADER.to_owned(), header)]);
    TensorFile { tensors: tensors_of(state), metadata }.write(path)
}

/// Every tensor by its name in the file.
fn tensors_of(state: &SavedState) -> Vec<(String, Tensor)> {
    let named = |prefix: &str, tensors: &[(String, Tensor)]| {
        let name = |(name, tensor): &(String, Tensor)| (format!("{prefix}{name}"), tensor.clone());
        tensors.iter().map(name).collect::<Vec<_>>()
    };
    let mut tensors = named("model.", &state.model);
    tensors.extend(named("optimizer.", &state.optimizer.tensors));
    for (index, layer) in state.recurrent.layers().iter().enumerate() {
        tensors.push((format!("recurrent.{index}.hidden"), layer.hidden.clone()));
        let cell = layer.cell.clone().map(|cell| (format!("recurrent.{index}.cell"), cell));
        tensors.extend(cell);
    }
    tensors
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
