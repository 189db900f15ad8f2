//! `y = (x - m) - log sum exp(x - m)` along an axis, with the maximum `m`: in this order, since
//! `m + log sum exp(x - m)` loses the logarithm where `m` is large;
//! `dx = dy - exp(y) sum(dy)`, from the output alone.

use glassbox_kernels::cpu::math::exp;
use glassbox_kernels::cpu::reduce::{FoldMap, Identity, Operands, Sum};
use glassbox_kernels::cpu::vector::Vector;

use super::Backward;
use super::logsumexp::Powers;
use super::reduction::Folding;
use crate::graph::InputGradients;
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
        let Powers { largest, mut total } = Powers::of(&folding, self, folding.output(true));
        total.make_mut().iter_mut().for_each(|total| *total = total.ln());
        let (a, b) = (largest.as_slice(), total.as_slice());
        let operands = Operands { x: self.as_slice(), a, b, ..Operands::default() };
        let y = folding.spread(Differences, operands);
        let output = y.detach();
        y.recorded([self], |_| LogSoftmax { folding, output }.into())
    }
}

/// `(x - a) - b`.
#[derive(Clone, Copy)]
struct Differences;

impl FoldMap for Differences {
    const READS_A: bool = true;
    const READS_B: bool = true;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, _: V, a: V, b: V) -> V {
        x.sub(a).sub(b)
    }
}

/// `y - exp(x) a`.
#[derive(Clone, Copy)]
struct LessShare;

impl FoldMap for LessShare {
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

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    /// `scipy.special.log_softmax([0, 0, -1])` is `[-0.86199480, -0.86199480, -1.86199480]`.
    #[test]
    fn logits_of_any_size_keep_the_logarithm() {
        for size in [0.0f32, 1e3, 1e6, 1e7, -1e7] {
            let x = Tensor::from_slice(&[size, size, size - 1.0], [1, 3]).with_grad();
            let y = x.log_softmax(-1);
            for (&y, want) in y.as_slice().iter().zip([-0.861_994_8, -0.861_994_8, -1.861_994_8]) {
                assert!((y - want).abs() < 2e-7, "{size}: {y}, not {want}");
            }
            let loss = y.nll_loss(&Tensor::from_i32(&[1], [1]), &crate::CrossEntropy::default());
            let gradients = loss.backward();
            let gradient = gradients.get(&x).unwrap().as_slice();
            for (&dx, want) in gradient.iter().zip([0.422_318_8, -0.577_681_2, 0.155_362_4]) {
                assert!((dx - want).abs() < 2e-7, "{size}: {dx}, not {want}");
            }
        }
    }
}
