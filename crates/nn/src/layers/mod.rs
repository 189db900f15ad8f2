//! The layers: one file each, one row each in the table below.
//!
//! A file holds the layer's configuration (plain data, [`LayerConfig`]), the built
//! [`Module`], and its method of [`Builder`](crate::Builder).

use glassbox_tensor::{Activation, Rng, Shape};
use serde::{Deserialize, Serialize};

use crate::error::BuildError;
use crate::graph::{Join, NodeConfig, Outline};
use crate::module::Module;

pub(crate) mod activation;
mod avg_pool;
mod batch_norm;
pub(crate) mod config;
mod conv2d;
mod dense;
mod dropout;
mod elu;
mod embedding;
mod flatten;
mod gelu;
pub(crate) mod geometry;
mod global_avg_pool;
mod gru;
mod join;
mod layer_norm;
mod leaky_relu;
mod lstm;
mod max_pool;
mod ready;
mod recurrent;
mod relu;
mod residual;
mod rnn;
mod sigmoid;
mod silu;
mod softmax;
mod softplus;
mod tanh;
mod window;

#[cfg(test)]
mod laws;

pub use activation::{ActivationConfig, Pointwise};
pub use avg_pool::{AvgPool, AvgPoolConfig};
pub use batch_norm::{BatchNorm, BatchNormConfig, Momentum};
pub use config::{Cost, LayerConfig, ReceptiveField};
pub use conv2d::{Conv2d, Conv2dConfig};
pub use dense::{Dense, DenseConfig};
pub use dropout::{Dropout, DropoutConfig};
pub use elu::EluConfig;
pub use embedding::{Embedding, EmbeddingConfig};
pub use flatten::{Flatten, FlattenConfig};
pub use gelu::GeluConfig;
pub use geometry::{PaddingConfig, Size2d};
pub use global_avg_pool::{GlobalAvgPool, GlobalAvgPoolConfig};
pub use gru::GruConfig;
pub use join::{AddConfig, ConcatConfig, MulConfig};
pub use layer_norm::{LayerNorm, LayerNormConfig};
pub use leaky_relu::LeakyReluConfig;
pub use lstm::LstmConfig;
pub use max_pool::{MaxPool, MaxPoolConfig};
pub use recurrent::{Recurrent, RecurrentLayer, RecurrentStep, Return};
pub use relu::ReluConfig;
pub use residual::{ResidualConfig, Shortcut};
pub use rnn::{RnnActivation, RnnConfig};
pub use sigmoid::SigmoidConfig;
pub use silu::SiluConfig;
pub use softmax::{Softmax, SoftmaxConfig};
pub use softplus::SoftplusConfig;
pub use tanh::TanhConfig;

/// Makes the union of all configurations and passes what they tell on.
macro_rules! table {
    ($($name:ident($config:ident),)*) => {
        /// The configuration of any layer. In recipes the key `type` tells which.
        ///
        /// ```
        /// use glassbox_nn::layers::Layer;
        ///
        /// let layer: Layer = serde_json::from_str(r#"{"type": "dense", "units": 10}"#)?;
        /// assert_eq!(layer.describe(), "dense, 10 units");
        /// assert_eq!(layer.output_shape([784].into()).unwrap().dims(), [10]);
        /// # Ok::<(), serde_json::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        pub enum Layer {
            $(#[allow(missing_docs)] $name($config),)*
        }

        impl Layer {
            /// The `type` of every layer there is.
            pub const TYPES: &'static [&'static str] = &[$($config::TYPE,)*];

            /// The `type` in recipes.
            pub fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $config::TYPE,)*
                }
            }

            /// See [`LayerConfig::output_shape`].
            ///
            /// # Errors
            /// When the layer cannot work on such inputs, or its settings are impossible.
            pub fn output_shape(&self, input: Shape) -> Result<Shape, BuildError> {
                match self {
                    $(Self::$name(config) => config.output_shape(input),)*
                }
            }

            /// See [`LayerConfig::build`].
            ///
            /// # Errors
            /// As [`Layer::output_shape`].
            pub fn build(
                &self,
                input: Shape,
                rng: &mut Rng,
            ) -> Result<Box<dyn Module>, BuildError> {
                match self {
                    $(Self::$name(config) => config.build(input, rng),)*
                }
            }

            /// See [`LayerConfig::describe`].
            pub fn describe(&self) -> String {
                match self {
                    $(Self::$name(config) => config.describe(),)*
                }
            }

            /// See [`LayerConfig::cost`].
            ///
            /// # Errors
            /// As [`Layer::output_shape`].
            pub fn cost(&self, input: Shape) -> Result<Cost, BuildError> {
                match self {
                    $(Self::$name(config) => config.cost(input),)*
                }
            }

            /// See [`LayerConfig::receptive_field`].
            pub fn receptive_field(&self, seen: ReceptiveField, input: Shape) -> ReceptiveField {
                match self {
                    $(Self::$name(config) => config.receptive_field(seen, input),)*
                }
            }

            /// See [`LayerConfig::sees_later_steps`].
            pub fn sees_later_steps(&self, input: Shape) -> Option<BuildError> {
                match self {
                    $(Self::$name(config) => config.sees_later_steps(input),)*
                }
            }

            /// See [`LayerConfig::activation`].
            pub fn activation(&self) -> Option<Activation> {
                match self {
                    $(Self::$name(config) => config.activation(),)*
                }
            }

            /// See [`LayerConfig::join`].
            pub fn join(&self) -> Option<Join> {
                match self {
                    $(Self::$name(config) => config.join(),)*
                }
            }

            /// See [`LayerConfig::smallest_training_batch`].
            pub fn smallest_training_batch(&self, input: Shape) -> usize {
                match self {
                    $(Self::$name(config) => config.smallest_training_batch(input),)*
                }
            }
        }

        $(impl From<$config> for Layer {
            fn from(config: $config) -> Self {
                Self::$name(config)
            }
        })*
    };
}

table! {
    Dense(DenseConfig),
    Conv2d(Conv2dConfig),
    MaxPool(MaxPoolConfig),
    AvgPool(AvgPoolConfig),
    GlobalAvgPool(GlobalAvgPoolConfig),
    BatchNorm(BatchNormConfig),
    LayerNorm(LayerNormConfig),
    Dropout(DropoutConfig),
    Flatten(FlattenConfig),
    Residual(ResidualConfig),
    Add(AddConfig),
    Mul(MulConfig),
    Concat(ConcatConfig),
    Embedding(EmbeddingConfig),
    Rnn(RnnConfig),
    Gru(GruConfig),
    Lstm(LstmConfig),
    Sigmoid(SigmoidConfig),
    Tanh(TanhConfig),
    Relu(ReluConfig),
    LeakyRelu(LeakyReluConfig),
    Elu(EluConfig),
    Gelu(GeluConfig),
    Silu(SiluConfig),
    Softplus(SoftplusConfig),
    Softmax(SoftmaxConfig),
}

/// Tells the embeddings that leave their number of tokens to the data how many these have.
///
/// ```
/// use glassbox_nn::layers::{EmbeddingConfig, set_vocabulary};
///
/// let mut layers = [EmbeddingConfig::new(16).into()];
/// set_vocabulary(&mut layers, 65);
/// assert_eq!(layers[0].describe(), "embedding, 65 tokens to 16");
/// ```
pub fn set_vocabulary(layers: &mut [NodeConfig], size: usize) {
    for node in layers {
        match &mut node.layer {
            Layer::Embedding(config) => _ = config.size.get_or_insert(size),
            Layer::Residual(config) => {
                set_vocabulary(&mut config.layers, size);
                if let Shortcut::Layers(layers) = &mut config.shortcut {
                    set_vocabulary(layers, size);
                }
            }
            _ => {}
        }
    }
}

/// The layers whose output at a step depends on later steps, with their places: before a loss whose
/// target is the next token they see the answer. Layers after one that does not fit are left out.
///
/// ```
/// use glassbox_nn::layers::{LstmConfig, layers_that_see_later_steps};
///
/// let lstm = LstmConfig { bidirectional: true, ..LstmConfig::new(8) };
/// let found = layers_that_see_later_steps(&[lstm.into()], [32, 4]);
/// assert_eq!((found[0].layer, found[0].field), ("lstm", Some("bidirectional")));
/// ```
pub fn layers_that_see_later_steps(
    layers: &[NodeConfig],
    input: impl Into<Shape>,
) -> Vec<BuildError> {
    // A layer that does not fit is told elsewhere.
    Outline::as_far_as_it_fits(layers, input.into()).0.sees_later_steps()
}
