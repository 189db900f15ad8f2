//! Explained variance.

use super::column::{Column, uniform_average};
use super::moments::explained_part;
use super::{Metric, Of};

pub(super) const EXPLAINED_VARIANCE: Metric = Metric {
    name: "explained_variance",
    larger_is_better: true,
    of: Of::Output(Column::explained_variance, uniform_average),
};

impl Column {
    /// `1 - Var(t - y) / Var(t)`: as R², but a constant offset of the predictions costs nothing.
    /// NaN without values.
    pub(crate) fn explained_variance(&self) -> f64 {
        match self.count() == 0.0 {
            true => f64::NAN,
            false => explained_part(self.errors().squares(), self.targets().squares()),
        }
    }
}
