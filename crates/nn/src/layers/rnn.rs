//! Simple recurrent layers.

use glassbox_tensor::RecurrentCell;
use serde::{Deserialize, Serialize};

use super::config::LayerConfig;
use super::dense::yes;
use super::recurrent::{Plan, Return, layer_of_plan, one, orthogonal, xavier};
use crate::builder::Builder;
use crate::init::Init;

/// `type = "rnn"`: at every step of a sequence `[time, features]`, `h' = f(x W + h U + b)` (Elman
/// 1990).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RnnConfig {
    /// Units of each layer and direction.
    pub units: usize,
    /// The function `f`.
    #[serde(default)]
    pub activation: RnnActivation,
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
    /// Accepted for the sake of one set of keys: a simple layer saves nothing but its output, so
    /// that there is nothing to recompute.
    #[serde(default)]
    pub recompute: bool,
    /// How the weights of the input start, each gate on its own.
    #[serde(default = "xavier")]
    pub init: Init,
    /// How the weights of the hidden state start, each gate on its own; the identity suits `relu`
    /// (Le, Jaitly and Hinton 2015).
    #[serde(default = "orthogonal")]
    pub recurrent_init: Init,
}

/// The function of a simple recurrent cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RnnActivation {
    /// The hyperbolic tangent.
    #[default]
    Tanh,
    /// A rectifier.
    Relu,
}

impl RnnConfig {
    /// One layer of so many units from the first step to the last.
    pub fn new(units: usize) -> Self {
        Self {
            units,
            activation: RnnActivation::Tanh,
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
            cell: match self.activation {
                RnnActivation::Tanh => RecurrentCell::RnnTanh,
                RnnActivation::Relu => RecurrentCell::RnnRelu,
            },
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

layer_of_plan!(RnnConfig, "rnn");

impl Builder {
    /// Adds a simple recurrent layer: [`RnnConfig`].
    #[must_use]
    pub fn rnn(self, units: usize) -> Self {
        self.layer(RnnConfig::new(units))
    }
}
