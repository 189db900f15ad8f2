//! Checkpoints: weights for everyone in safetensors, and the exact training state to resume from.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use glassbox_nn::Parameters;
use glassbox_tensor::{DType, MAX_RANK, Shape, Tensor};
use glassbox_train::{CheckpointError, set_weights};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::atomic;
pub use crate::training_state::{peek_state, read_state, state_of_weights, write_state};

/// The entry of a file's metadata under which all of Glassbox's own stands, as JSON.
const METADATA: &str = "glassbox";

/// The largest file that is read: 2 billion values with their metadata.
const MAX_BYTES: u64 = 8 << 30;

/// The longest header that is read by itself.
const MAX_HEADER: u64 = 64 << 20;

/// Named tensors with text metadata: the content of a safetensors file.
#[derive(Clone, Debug, Default)]
pub struct TensorFile {
    /// Tensors by name, in file order.
    pub tensors: Vec<(String, Tensor)>,
    /// Text by key.
    pub metadata: HashMap<String, String>,
}

impl TensorFile {
    /// Reads a safetensors file.
    ///
    /// # Errors
    /// When the file is missing, truncated, malformed, or holds other types than `F32` and `I32`.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = read_bounded(path).map_err(|error| {
            let help = "check the path; `glassbox runs ls` lists the runs";
            CheckpointError::new("GB0501", path, "a readable file", error, help)
        })?;
        let broken = |error: &dyn std::fmt::Display| {
            let found = format!("{} bytes: {error}", bytes.len());
            let help =
                "the file is damaged or of another format; use another checkpoint of the run";
            CheckpointError::new("GB0502", path, "a safetensors file", found, help)
        };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| broken(&e))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|e| broken(&e))?;
        let mut names: Vec<_> = file.names().into_iter().map(str::to_owned).collect();
        names.sort_by_key(|name| header.info(name).map(|info| info.data_offsets.0));
        let mut tensors = Vec::with_capacity(names.len());
        for name in names {
            let view = file.tensor(&name).map_err(|e| broken(&e))?;
            let tensor = tensor_of(&view).map_err(|what| {
                let expected = "F32 and I32 tensors of up to 8 axes";
                let found = format!("tensor {name:?} with {what}");
                CheckpointError::new("GB0503", path, expected, found, "convert the file")
            })?;
            tensors.push((name, tensor));
        }
        let mut metadata = header.metadata().clone().unwrap_or_default();
        let nested = metadata.remove(METADATA).and_then(|text| serde_json::from_str(&text).ok());
        metadata.extend(nested.unwrap_or_else(BTreeMap::<String, String>::new));
        Ok(Self { tensors, metadata })
    }

    /// Writes the file atomically.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write(&self, path: &Path) -> Result<(), CheckpointError> {
        let failed = |error: &dyn std::fmt::Display| {
            let help = "check free space and permissions; earlier checkpoints are untouched";
            CheckpointError::new("GB0504", path, "a file that can be written", error, help)
        };
        let views: Result<Vec<_>, _> =
            self.tensors.iter().map(|(n, t)| Ok((n, view_of(t)?))).collect();
        let views = views.map_err(|e: safetensors::SafeTensorError| failed(&e))?;
        // One entry: several would be written in random order, and equal states would differ.
        let sorted: BTreeMap<_, _> = self.metadata.iter().collect();
        let text = serde_json::to_string(&sorted).map_err(|e| failed(&e))?;
        let metadata = (!sorted.is_empty()).then(|| HashMap::from([(METADATA.to_owned(), text)]));
        let bytes = safetensors::serialize(views, metadata).map_err(|e| failed(&e))?;
        atomic::write(path, &bytes).map_err(|e| failed(&e))
    }

    /// The metadata of a safetensors file without its tensors; none when it cannot be read.
    pub fn read_metadata(path: &Path) -> Option<HashMap<String, String>> {
        let mut file = File::open(path).ok()?;
        let mut length = [0; 8];
        file.read_exact(&mut length).ok()?;
        let length = u64::from_le_bytes(length);
        if length > file.metadata().ok()?.len().min(MAX_HEADER) {
            return None;
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).ok()?;
        let header: serde_json::Value = serde_json::from_slice(&header).ok()?;
        serde_json::from_str(header["__metadata__"][METADATA].as_str()?).ok()
    }

    /// Takes the tensors whose names start with `prefix`, without it.
    pub(crate) fn take(&mut self, prefix: &str) -> Vec<(String, Tensor)> {
        let (taken, rest) = self.tensors.drain(..).partition(|(name, _)| name.starts_with(prefix));
        self.tensors = rest;
        let strip = |(name, tensor): (String, Tensor)| (name[prefix.len()..].to_owned(), tensor);
        Vec::into_iter(taken).map(strip).collect()
    }
}

fn tensor_of(view: &TensorView<'_>) -> Result<Tensor, String> {
    if view.shape().len() > MAX_RANK {
        return Err(format!("{} axes", view.shape().len()));
    }
    let shape = Shape::new(view.shape());
    let words = view.data().as_chunks::<4>().0.iter();
    Ok(match view.dtype() {
        Dtype::F32 => Tensor::build(shape, |out| {
            out.iter_mut().zip(words).for_each(|(o, w)| *o = f32::from_le_bytes(*w));
        }),
        Dtype::I32 => Tensor::build_i32(shape, |out| {
            out.iter_mut().zip(words).for_each(|(o, w)| *o = i32::from_le_bytes(*w));
        }),
        other => return Err(format!("type {other:?}")),
    })
}

/// Reads a file of a sensible size, so that no file, however large, exhausts the memory.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("a folder or a device"));
    }
    let size = metadata.len();
    if size > MAX_BYTES {
        return Err(io::Error::other(format!("{size} bytes, more than {MAX_BYTES}")));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A tensor's bytes, as safetensors wants them.
struct Bytes {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl safetensors::View for Bytes {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        (&self.data).into()
    }

    fn data_len(&self) -> usize {
        self.data.len()
    }
}

fn view_of(tensor: &Tensor) -> Result<Bytes, safetensors::SafeTensorError> {
    let (dtype, data) = match tensor.dtype() {
        DType::F32 => {
            (Dtype::F32, tensor.as_slice().iter().flat_map(|x| x.to_le_bytes()).collect())
        }
        DType::I32 => (Dtype::I32, tensor.as_i32().iter().flat_map(|x| x.to_le_bytes()).collect()),
    };
    Ok(Bytes { dtype, shape: tensor.dims().to_vec(), data })
}

/// Writes a model's parameters and running statistics by their paths.
///
/// # Errors
/// When the disk does not take the file.
pub fn save_weights(
    model: &dyn Parameters,
    path: &Path,
    metadata: HashMap<String, String>,
) -> Result<(), CheckpointError> {
    TensorFile { tensors: glassbox_nn::state(model).into_iter().collect(), metadata }.write(path)
}

/// Reads weights into a model of the same structure. The model is untouched on failure.
///
/// # Errors
/// When the file cannot be read, a tensor is missing, unexpected or of another shape, or a value
/// is not finite.
pub fn load_weights(
    model: &mut dyn Parameters,
    path: &Path,
) -> Result<HashMap<String, String>, CheckpointError> {
    let TensorFile { tensors, metadata } = TensorFile::read(path)?;
    set_weights(model, tensors, path)?;
    Ok(metadata)
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
