//! What fused losses share: how the losses of single items become one value, and a record that
//! holds the gradients which the forward pass computed on the way.

use glassbox_kernels::cpu::reduce::column_sums;

use super::Backward;
use crate::graph::InputGradients;
use crate::tensor::Tensor;

/// How the losses of single items become the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// Their mean: a scalar.
    #[default]
    Mean,
    /// Their sum: a scalar.
    Sum,
    /// The losses themselves.
    None,
}

impl Reduction {
    /// The factor of the sum of losses, of which there are `count` (by weight).
    pub(super) fn factor(self, count: f32) -> f32 {
        if self == Self::Mean { 1.0 / count } else { 1.0 }
    }

    /// One value from the losses of all items, or these.
    pub(super) fn reduce(self, losses: Tensor, factor: f32) -> Tensor {
        if self == Self::None {
            return losses;
        }
        Tensor::build([], |out| {
            column_sums(losses.elements(), 1, losses.as_slice(), out);
            out[0] *= factor;
        })
    }
}

/// The gradients of a loss's inputs for an output gradient of 1; where there are many outputs,
/// each belongs to a run of gradients of equal length.
pub(crate) struct LossGradients {
    pub(super) gradients: [Option<Tensor>; 2],
}

impl Backward for LossGradients {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        for (index, gradient) in self.gradients.into_iter().enumerate() {
            let Some(mut gradient) = gradient else { continue };
            let factors = output_grad.as_slice();
            if !matches!(factors, [1.0]) && gradient.elements() > 0 {
                let run = gradient.elements() / factors.len();
                let runs = gradient.make_mut().chunks_exact_mut(run);
                for (run, factor) in runs.zip(factors) {
                    run.iter_mut().for_each(|gradient| *gradient *= factor);
                }
            }
            inputs.add(index, gradient);
        }
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    let mut samples = super::cross_entropy::samples();
    samples.extend(super::binary_cross_entropy::samples());
    samples.extend(super::nll_loss::samples());
    samples
}
