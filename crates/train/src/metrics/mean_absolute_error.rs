//! Mean absolute error.

use super::column::{Column, uniform_average};
use super::{Metric, Of};

pub(super) const MEAN_ABSOLUTE_ERROR: Metric =
    Metric { name: "mae", larger_is_better: false, of: Of::Output(Column::mae, uniform_average) };

impl Column {
    /// The mean of `|prediction - target|`.
    pub(crate) fn mae(&self) -> f64 {
        self.absolute() / self.count()
    }
}
