//! Long short-term memory.

use glassbox_tensor::RecurrentCell;
use serde::{Deserialize, Serialize};

use super::config::LayerConfig;
use super::dense::yes;
use super::recurrent::{Plan, Return, layer_of_plan, one, orthogonal, xavier};
use crate::builder::Builder;
use crate::init::Init;

/// `type = "lstm"`: a sequence `[time, features]` through long short-term memory (Hochreiter and
/// Schmidhuber 1997).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LstmConfig {
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
    /// So many values are passed on to the next step and layer, fewer than `units` (Sak et al.
    /// 2014).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<usize>,
    /// Whether backward computes the steps anew, to the same bits, instead of saving what it reads
    /// of them: a third more work, and for long sequences a fraction of the memory (Chen et al.
    /// 2016).
    #[serde(default)]
    pub recompute: bool,
    /// How open the forget gates start (Gers et al. 2000; Jozefowicz et al. 2015).
    #[serde(default = "open")]
    pub forget_bias: f32,
    /// How the weights of the input start, each gate on its own.
    #[serde(default = "xavier")]
    pub init: Init,
    /// How the weights of the hidden state start, each gate on its own.
    #[serde(default = "orthogonal")]
    pub recurrent_init: Init,
}

fn open() -> f32 {
    1.0
}

impl LstmConfig {
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
            projection: None,
            forget_bias: open(),
            init: xavier(),
            recurrent_init: orthogonal(),
        }
    }

    fn plan(&self) -> Plan {
        Plan {
            kind: Self::TYPE,
            cell: RecurrentCell::Lstm,
            units: self.units,
            layers: self.layers,
            bidirectional: self.bidirectional,
            dropout: self.dropout,
            bias: self.bias,
            returns: self.returns,
            recompute: self.recompute,
            projection: self.projection,
            init: self.init,
            recurrent_init: self.recurrent_init,
            forget_bias: self.forget_bias,
        }
    }
}

layer_of_plan!(LstmConfig, "lstm");

impl Builder {
    /// Adds a layer of long short-term memory: [`LstmConfig`].
    #[must_use]
    pub fn lstm(self, units: usize) -> Self {
        self.layer(LstmConfig::new(units))
    }
}
