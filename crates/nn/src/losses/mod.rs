//! The losses: one file each. What training minimises.

use glassbox_tensor::{Reduction, Tensor};
use serde::{Deserialize, Serialize};

mod cross_entropy;

pub use cross_entropy::CrossEntropyConfig;

/// The configuration of any loss. In recipes the key `type` tells which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Loss {
    /// For one of several classes; the prediction is one score a class.
    CrossEntropy(CrossEntropyConfig),
}

impl Default for Loss {
    fn default() -> Self {
        Self::CrossEntropy(CrossEntropyConfig::default())
    }
}

impl Loss {
    /// The name in recipes.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CrossEntropy(_) => "cross_entropy",
        }
    }

    /// The mean loss of a batch, a scalar.
    ///
    /// Targets of `cross_entropy` are classes (integers, the prediction's shape without its last
    /// axis) or distributions; those of the others have the prediction's shape, of which a last
    /// axis of length 1 may be missing.
    ///
    /// # Panics
    /// When the shapes do not fit, or a class is out of range.
    #[track_caller]
    #[must_use]
    pub fn compute(&self, prediction: &Tensor, target: &Tensor) -> Tensor {
        self.compute_reduced(prediction, target, Reduction::Mean)
    }

    /// As [`Loss::compute`], with the losses of the items combined as `reduction` says.
    #[track_caller]
    #[must_use]
    pub fn compute_reduced(
        &self,
        prediction: &Tensor,
        target: &Tensor,
        reduction: Reduction,
    ) -> Tensor {
        match self {
            Self::CrossEntropy(config) => config.compute(prediction, target, reduction),
        }
    }
}
