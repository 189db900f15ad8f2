//! Listing layers in Rust.

use glassbox_tensor::{Rng, Shape};

use crate::error::BuildError;
use crate::graph::{Graph, NodeConfig};

/// A list of layers in the making. Every layer has a method; [`Builder::layer`] takes a
/// configuration with all settings.
///
/// ```
/// use glassbox_nn::{Sequential, layers::{Conv2dConfig, PaddingConfig}};
///
/// let model = Sequential::input([28, 28, 1])
///     .layer(Conv2dConfig { padding: PaddingConfig::Same, ..Conv2dConfig::new(32, 3) })
///     .relu()
///     .max_pool(2)
///     .flatten()
///     .dense(10)
///     .build(7)?;
/// assert_eq!(model.output_shape().dims(), [10]);
/// # Ok::<(), glassbox_nn::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    input: Shape,
    layers: Vec<NodeConfig>,
}

impl Builder {
    pub(crate) fn new(input: Shape) -> Self {
        Self { input, layers: Vec::new() }
    }

    /// Adds a layer by its configuration, or a node with a name and inputs of its own.
    #[must_use]
    pub fn layer(mut self, config: impl Into<NodeConfig>) -> Self {
        self.layers.push(config.into());
        self
    }

    /// Gives the last layer a name, by which others can take its output.
    ///
    /// ```
    /// use glassbox_nn::{Join, NodeConfig, Sequential, layers::DenseConfig};
    ///
    /// let model = Sequential::input([4])
    ///     .dense(8).named("wide")
    ///     .relu()
    ///     .layer(NodeConfig::new(DenseConfig::new(2)).joining(Join::Concat, ["1", "wide"]))
    ///     .build(7)?;
    /// assert_eq!(glassbox_nn::state(&model)["2.weight"].dims(), [16, 2]);
    /// # Ok::<(), glassbox_nn::BuildError>(())
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        if let Some(last) = self.layers.last_mut() {
            last.name = Some(name.into());
        }
        self
    }

    /// The layers so far.
    pub fn into_layers(self) -> Vec<NodeConfig> {
        self.layers
    }

    /// The model, with weights drawn from `seed`.
    ///
    /// # Errors
    /// When a layer does not fit the one before, or has impossible settings.
    pub fn build(self, seed: u64) -> Result<Graph, BuildError> {
        Graph::build(&self.layers, self.input, &mut Rng::new(seed))
    }
}
