//! The coefficient of determination.

use glassbox_tensor::Tensor;

use super::Metric;
use super::columns::{Column, uniform_average};
use super::rows::add_columns;

/// `R² = 1 - Σ(t - y)² / Σ(t - t̄)²`: 1 for perfect predictions `y`, 0 for the mean of the targets
/// `t`, negative for worse. Averaged over outputs. Where the targets are constant: 1 if the
/// predictions are right, else 0. NaN for fewer than two items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct R2(Vec<Column>);

impl Metric for R2 {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        add_columns(&mut self.0, prediction, target);
    }

    fn value(&self) -> f64 {
        uniform_average(&self.0, Column::r2)
    }

    fn reset(&mut self) {
        self.0.clear();
    }
}
