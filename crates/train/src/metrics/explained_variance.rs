//! Explained variance.

use glassbox_tensor::Tensor;

use super::Metric;
use super::moments::{Moments, explained};
use super::rows::{each_value, outputs};

/// `1 - Var(t - y) / Var(t)`: as R², but a constant offset of the predictions costs nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExplainedVariance {
    /// Moments of errors and targets, by output.
    outputs: Vec<[Moments; 2]>,
}

impl Metric for ExplainedVariance {
    fn add(&mut self, prediction: &Tensor, target: &Tensor) {
        self.outputs.resize(outputs(target), Default::default());
        each_value(prediction, target, |output, y, t| {
            let [errors, targets] = &mut self.outputs[output];
            errors.add(t - y);
            targets.add(t);
        });
    }

    fn value(&self) -> f64 {
        explained(
            self.outputs.iter().map(|[errors, targets]| (errors.squares(), targets.squares())),
        )
    }

    fn reset(&mut self) {
        self.outputs.clear();
    }
}
