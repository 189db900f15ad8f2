//! The coefficient of determination.

use glassbox_tensor::Tensor;

use super::Metric;
use super::moments::{Moments, explained};
use super::rows::{each_value, outputs};

/// `R² = 1 - Σ(t - y)² / Σ(t - t̄)²`: 1 for perfect predictions `y`, 0 for the mean of the targets
/// `t`, negative for worse. Averaged over outputs. Where the targets are constant: 1 if the
/// predictions are right, else 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct R2 {
    /// Squared errors and the targets' moments, by output.
    outputs: Vec<(f64, Moments)>,
}

impl Metric for R2 {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        self.outputs.resize(outputs(target), Default::default());
        each_value(prediction, target, |output, y, t| {
            let (errors, targets) = &mut self.outputs[output];
            *errors += (y - t).powi(2);
            targets.add(t);
        });
    }

    fn value(&self) -> f64 {
        explained(self.outputs.iter().map(|(errors, targets)| (*errors, targets.squares())))
    }

    fn reset(&mut self) {
        self.outputs.clear();
    }
}
