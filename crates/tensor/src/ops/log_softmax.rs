//! `y = x - log sum exp(x)` along an axis; `dx = dy - exp(y) sum(dy)`, from the output alone.

use super::Backward;
use super::logsumexp::folded;
use super::reduction::Folding;
use crate::graph::InputGradients;
use crate::kernels::cpu::math::exp;
use crate::kernels::cpu::reduce::{Identity, Map, Operands, Sum};
use crate::kernels::cpu::vector::Vector;
use crate::tensor::Tensor;

pub(crate) struct LogSoftmax {
    folding: Folding,
    output: Tensor,
}

impl Tensor {
    /// The logarithm of the softmax along `axis`, without the loss of digits of taking both one
    /// after the other.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let y = Tensor::from_slice(&[0.0, -1000.0], [2]).log_softmax(-1);
    /// assert_eq!(y.to_vec(), [0.0, -1000.0]);
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    #[must_use]
    pub fn log_softmax(&self, axis: isize) -> Self {
        let folding = Folding::new(self.shape(), axis);
        let total = folded(&folding, self, folding.output(true));
        let operands = Operands { x: self.as_slice(), a: total.as_slice(), ..Operands::default() };
        let y = folding.spread(Difference, operands);
        let output = y.detach();
        y.recorded([self], |_| LogSoftmax { folding, output }.into())
    }
}

/// `x - a`.
#[derive(Clone, Copy)]
struct Difference;

impl Map for Difference {
    const READS_A: bool = true;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, _: V, a: V, _: V) -> V {
        x.sub(a)
    }
}

/// `y - exp(x) a`.
#[derive(Clone, Copy)]
struct LessShare;

impl Map for LessShare {
    const READS_Y: bool = true;
    const READS_A: bool = true;
    const COST: usize = 8;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, y: V, a: V, _: V) -> V {
        y.sub(exp(x).mul(a))
    }
}

impl Backward for LogSoftmax {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let operands = Operands { x: output_grad.as_slice(), ..Operands::default() };
        let total = self.folding.fold(Sum, Identity, operands, self.folding.output(true));
        let (x, y) = (self.output.as_slice(), output_grad.as_slice());
        let operands = Operands { x, y, a: total.as_slice(), ..Operands::default() };
        inputs.add(0, self.folding.spread(LessShare, operands));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![
        Sample::new("last axis", [[5, 10]], |x| x[0].log_softmax(-1)),
        Sample::new("middle axis", [[3, 6, 11]], |x| x[0].log_softmax(1)),
    ]
}
