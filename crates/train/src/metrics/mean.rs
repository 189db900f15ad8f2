//! A weighted mean of numbers that come one by one.

use serde::{Deserialize, Serialize};

/// A weighted mean, in double precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mean {
    /// The sum of the values, each times its weight.
    pub(crate) sum: f64,
    /// The sum of the weights.
    pub(crate) weight: f64,
}

impl Mean {
    /// The mean; `None` where nothing weighs anything.
    pub(crate) fn value(self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}
