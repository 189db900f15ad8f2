//! Listing layers in Rust.

use glassbox_tensor::{Rng, Shape};

use crate::error::BuildError;
use crate::layers::Layer;
use crate::sequential::Sequential;

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
    layers: Vec<Layer>,
}

impl Builder {
    pub(crate) fn new(input: Shape) -> Self {
        Self { input, layers: Vec::new() }
    }

    /// Adds a layer by its configuration.
    #[must_use]
    pub fn layer(mut self, config: impl Into<Layer>) -> Self {
        self.layers.push(config.into());
        self
    }

    /// The layers so far.
    pub fn into_layers(self) -> Vec<Layer> {
        self.layers
    }

    /// The model, with weights drawn from `seed`.
    ///
    /// # Errors
    /// When a layer does not fit the one before, or has impossible settings.
    pub fn build(self, seed: u64) -> Result<Sequential, BuildError> {
        Sequential::from_layers(&self.layers, self.input, &mut Rng::new(seed))
    }
}
