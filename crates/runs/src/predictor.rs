//! A trained model as it is used: from a file of inputs to classes or values.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use glassbox_data::{Learned, Prepared};
use glassbox_nn::layers::Layer;
use glassbox_nn::{Cx, Graph, Init, Loss, Module, NodeConfig};
use glassbox_tensor::{Precision, Rng, Shape, Tensor};
use glassbox_train::data::{Dataset, Targets};
use glassbox_train::{CheckpointError, set_weights};
use serde::{Deserialize, Serialize};

use crate::checkpoint::TensorFile;
use crate::earlier::refuse_counted_padding;

/// What a file of weights says besides the weights: the model, how inputs are prepared, and what
/// outputs mean. It stands in the file's metadata, so that one file is all that predicting needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictorConfig {
    /// What the model learned about its data, through which other data is read.
    #[serde(flatten)]
    pub learned: Learned,
    /// The layers.
    pub layers: Vec<NodeConfig>,
    /// What outputs mean.
    pub output: Output,
    /// What was minimised; `None` in files of earlier versions, as what follows.
    #[serde(default)]
    pub loss: Option<Loss>,
    /// Whether outputs are computed with [`Precision::Exact`].
    #[serde(default)]
    pub exact: bool,
    /// The training data's name.
    #[serde(default)]
    pub data: Option<String>,
}

/// What the outputs of a model mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Scores of classes: softmax makes probabilities of them.
    Logits,
    /// The score of the second of two classes: the logistic function makes its probability.
    Logit,
    /// Values.
    Values,
    /// Scores of the token after each step of a sequence.
    Tokens,
}

/// What a model says about one item.
#[derive(Clone, Debug, PartialEq)]
pub enum Prediction {
    /// All classes, the most likely first.
    Classes(Vec<ClassProbability>),
    /// The values, in the targets' own units.
    Values(Vec<NamedValue>),
}

/// A class and its probability.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassProbability {
    /// The class.
    pub name: String,
    /// Its probability.
    pub probability: f32,
}

/// A predicted value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamedValue {
    /// What it is.
    pub name: String,
    /// The value, in the targets' own units.
    pub value: f64,
}

const KEY: &str = "glassbox.predictor";
/// Items computed together.
const BATCH: usize = 256;

impl PredictorConfig {
    /// The description of a model of these layers, trained with `loss` on `data`.
    pub fn new(layers: &[NodeConfig], loss: &Loss, data: &Prepared) -> Self {
        let targets = data.dataset.targets();
        let (output, names) = match (targets, loss) {
            (Targets::Classes { names, .. }, Loss::BinaryCrossEntropy(_)) => (Output::Logit, names),
            (Targets::Classes { names, .. }, _) => (Output::Logits, names),
            (Targets::Values { names, .. }, _) => (Output::Values, names),
            (Targets::Tokens { names, .. }, _) => (Output::Tokens, names),
        };
        Self {
            learned: Learned {
                input: data.dataset.item_shape().dims().to_vec(),
                reader: data.reader.clone(),
                names: names.clone(),
                input_normalizer: data.input_normalizer.clone(),
                target_normalizer: data.target_normalizer.clone(),
                statistics: data.statistics.clone(),
                unknown: data.unknown,
            },
            layers: layers.to_vec(),
            output,
            loss: Some(loss.clone()),
            exact: false,
            data: Some(data.dataset.name().to_owned()),
        }
    }

    /// The same for a model whose outputs are computed with `precision`.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { exact: precision == Precision::Exact, ..self }
    }

    /// Reads what a file of weights says about them.
    ///
    /// # Errors
    /// When the file cannot be read, or does not say what it is for.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        Self::of(&TensorFile::read(path)?, path)
    }

    fn of(file: &TensorFile, path: &Path) -> Result<Self, CheckpointError> {
        let text = file.metadata.get(KEY).ok_or_else(|| foreign(path, "none".into()))?;
        let config: Self = serde_json::from_str(text)
            .map_err(|error| foreign(path, format!("one that does not parse: {error}")))?;
        config.check().map_err(|what| foreign(path, what))?;
        refuse_counted_padding(&config, path)?;
        Ok(config)
    }

    /// How outputs are computed.
    pub fn precision(&self) -> Precision {
        if self.exact { Precision::Exact } else { Precision::Fast }
    }

    /// The metadata of a weight file.
    pub fn to_metadata(&self) -> HashMap<String, String> {
        let text = serde_json::to_string(self).unwrap_or_default();
        HashMap::from([(KEY.to_owned(), text)])
    }
}

/// A file of weights that does not say what it is for, but `what`.
fn foreign(path: &Path, what: String) -> CheckpointError {
    let help = "use checkpoints/best.safetensors of a run that Glassbox trained";
    let expected = "weights with a description of their model";
    CheckpointError::new("GB0509", path, expected, what, help)
}

/// A layer whose weights are about to be loaded: orthogonal ones, to begin with, would take longer
/// than loading them.
fn without_start(node: &NodeConfig) -> NodeConfig {
    let mut node = node.clone();
    match &mut node.layer {
        Layer::Rnn(config) => config.recurrent_init = Init::Zeros,
        Layer::Gru(config) => config.recurrent_init = Init::Zeros,
        Layer::Lstm(config) => config.recurrent_init = Init::Zeros,
        _ => {}
    }
    node
}

/// A trained model with everything needed to use it.
pub struct Predictor {
    config: PredictorConfig,
    model: Graph,
}

impl Predictor {
    /// Loads a file of weights that a run wrote.
    ///
    /// # Errors
    /// When the file cannot be read, or does not say what it is for.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let file = TensorFile::read(path)?;
        let config = PredictorConfig::of(&file, path)?;
        let input = Shape::new(&config.learned.input);
        let layers: Vec<_> = config.layers.iter().map(without_start).collect();
        let mut model = Graph::build(&layers, input, &mut Rng::new(0))
            .map_err(|error| foreign(path, format!("the model cannot be built: {error}")))?;
        set_weights(&mut model, file.tensors, &PathBuf::from(path))?;
        Ok(Self { config, model })
    }

    /// The model itself.
    pub fn model(&self) -> &Graph {
        &self.model
    }

    /// What the weights are for.
    pub fn config(&self) -> &PredictorConfig {
        &self.config
    }

    /// Predicts every item of `dataset`, whose inputs are not normalized yet: one that
    /// [`InputReader::read_items`](glassbox_data::InputReader::read_items) has read, say.
    ///
    /// # Panics
    /// When its items have another shape than the model's input.
    #[track_caller]
    pub fn predict(&self, dataset: &Dataset) -> Vec<Prediction> {
        let shape = dataset.item_shape();
        // A text may have any length.
        let fits =
            shape.dims() == self.config.learned.input || self.config.output == Output::Tokens;
        assert!(fits, "items of shape {:?}, got {shape}", self.config.learned.input);
        let size = shape.elements();
        let mut predictions = Vec::with_capacity(dataset.len());
        for start in (0..dataset.len()).step_by(BATCH) {
            let count = BATCH.min(dataset.len() - start);
            let inputs = Tensor::build(shape.prepend(count), |out| {
                for (offset, item) in out.chunks_exact_mut(size).enumerate() {
                    let normalizer = &self.config.learned.input_normalizer;
                    dataset.write_normalized(start + offset, normalizer, item);
                }
            });
            let lengths = dataset.lengths();
            let lengths = lengths.map(|all| Tensor::from_i32(&all[start..start + count], [count]));
            let mut cx = Cx::eval().with_precision(self.config.precision());
            let outputs = self.model.forward_with_lengths(&inputs, lengths.as_ref(), &mut cx);
            let width = outputs.elements() / count;
            predictions
                .extend(outputs.as_slice().chunks_exact(width).map(|row| self.config.meaning(row)));
        }
        predictions
    }
}

impl PredictorConfig {
    /// Whether a description from a file can be used: nothing later has to ask.
    fn check(&self) -> Result<(), String> {
        let axes = self.learned.input.len();
        let values =
            self.learned.input.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
        if axes > 7 || !values.is_some_and(|values| (1..=glassbox_nn::MAX_VALUES).contains(&values))
        {
            return Err(format!("the input shape {:?} is impossible", self.learned.input));
        }
        let outputs = match self.output {
            Output::Logit => self.learned.names.len() == 2,
            Output::Logits | Output::Values | Output::Tokens => !self.learned.names.is_empty(),
        };
        if !outputs {
            return Err(format!("{} names do not fit the outputs", self.learned.names.len()));
        }
        let input = Shape::new(&self.learned.input);
        let summary = glassbox_nn::Summary::of(&self.layers, input).map_err(|e| e.to_string())?;
        let output = summary.rows.last().map_or(input, |row| row.output);
        let width = match (self.output, output.dims()) {
            (Output::Tokens, &[steps, width]) if [steps] == *self.learned.input => width,
            (Output::Tokens, _) => {
                return Err(format!("the model gives {output}, not scores for every step"));
            }
            _ => output.elements(),
        };
        let expected = if self.output == Output::Logit { 1 } else { self.learned.names.len() };
        if width != expected {
            return Err(format!("the model has {width} outputs, its description {expected}"));
        }
        let channels = self.learned.input.last().copied().unwrap_or(1);
        for (normalizer, width) in [
            (&self.learned.input_normalizer, channels),
            (&self.learned.target_normalizer, expected),
        ] {
            let (offsets, scales) = (normalizer.offset.len(), normalizer.scale.len());
            if offsets != scales || ![0, 1, width].contains(&offsets) {
                return Err(format!(
                    "a normalization of {offsets} and {scales} numbers for {width}"
                ));
            }
        }
        Ok(())
    }

    /// The meaning of one item's outputs.
    fn meaning(&self, outputs: &[f32]) -> Prediction {
        let probabilities = match self.output {
            Output::Values => {
                let values = self.learned.target_normalizer.restored(outputs);
                let named = self.learned.names.iter().cloned().zip(values);
                return Prediction::Values(
                    named.map(|(name, value)| NamedValue { name, value }).collect(),
                );
            }
            Output::Logit => {
                let second = 1.0 / (1.0 + (-outputs[0]).exp());
                vec![1.0 - second, second]
            }
            Output::Logits => softmax(outputs),
            // What comes after the last step.
            Output::Tokens => softmax(&outputs[outputs.len() - self.learned.names.len()..]),
        };
        let named = self.learned.names.iter().cloned().zip(probabilities);
        let mut classes: Vec<_> =
            named.map(|(name, probability)| ClassProbability { name, probability }).collect();
        classes.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        Prediction::Classes(classes)
    }
}

/// `exp(x - max) / Σ exp(x - max)`.
fn softmax(scores: &[f32]) -> Vec<f32> {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = scores.iter().map(|score| (score - largest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}
