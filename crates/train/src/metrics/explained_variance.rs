//! Explained variance.

use glassbox_tensor::Tensor;

use super::Metric;
use super::moments::{Moments, explained_part};
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
        let part =
            |[errors, targets]: &[Moments; 2]| explained_part(errors.squares(), targets.squares());
        self.outputs.iter().map(part).sum::<f64>() / self.outputs.len() as f64
    }

    fn reset(&mut self) {
        self.outputs.clear();
    }
}
