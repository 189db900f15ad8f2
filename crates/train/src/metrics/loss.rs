//! The cost function itself.

use super::{Metric, Of};

/// The mean loss of the set.
pub(super) const LOSS: Metric = Metric { name: "loss", larger_is_better: false, of: Of::Loss };
