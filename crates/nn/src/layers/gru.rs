//! Gated recurrent units.

use glassbox_tensor::RecurrentCell;
use serde::{Deserialize, Serialize};

use super::config::LayerConfig;
use super::dense::yes;
use super::recurrent::{Plan, Return, layer_of_plan, one, orthogonal, xavier};
use crate::builder::Builder;
use crate::init::Init;

/// `type = "gru"`: a sequence `[time, features]` through gated recurrent units (Cho et al. 2014),
/// with the reset gate applied after the product with the hidden state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GruConfig {
    /// Units of each layer and direction.
    pub units: usize,
    /// How many layers stand on top of each other.
    #[serde(default = "one")]
    pub layers: usize,
    /// Whether other units go from the last step to the first; outputs stand side by side.
    #[serde(default)]
    pub bidirectional: bool,
    /// The probability that a value is dropped on its way to the next layer, in `[0, 1)`.
    #[serde(default)]
    pub dropout: f32,
    /// Whether biases are added.
    #[serde(default = "yes")]
    pub bias: bool,
    /// The whole sequence, or what is there at its end.
    #[serde(default, rename = "return")]
    pub returns: Return,
    /// Whether backward computes the steps anew, to the same bits, instead of saving what it reads
    /// of them: a third more work, and for long sequences a fraction of the memory (Chen et al.
    /// 2016).
    #[serde(default)]
    pub recompute: bool,
    /// How the weights of the input start, each gate on its own.
    #[serde(default = "xavier")]
    pub init: Init,
    /// How the weights of the hidden state start, each gate on its own.
    #[serde(default = "orthogonal")]
    pub recurrent_init: Init,
}

impl GruConfig {
    /// One layer of so many units from the first step to the last.
    pub fn new(units: usize) -> Self {
        Self {
            units,
            layers: 1,
            bidirectional: false,
            dropout: 0.0,
            bias: true,
            returns: Return::Sequence,
            recompute: false,
            init: xavier(),
            recurrent_init: orthogonal(),
        }
    }

    fn plan(&self) -> Plan {
        Plan {
            kind: Self::TYPE,
            cell: RecurrentCell::Gru,
            units: self.units,
            layers: self.layers,
            bidirectional: self.bidirectional,
            dropout: self.dropout,
            bias: self.bias,
            returns: self.returns,
            recompute: self.recompute,
            projection: None,
            init: self.init,
            recurrent_init: self.recurrent_init,
            forget_bias: 0.0,
        }
    }
}

layer_of_plan!(GruConfig, "gru");

impl Builder {
    /// Adds a layer of gated recurrent units: [`GruConfig`].
    #[must_use]
    pub fn gru(self, units: usize) -> Self {
        self.layer(GruConfig::new(units))
    }
}
