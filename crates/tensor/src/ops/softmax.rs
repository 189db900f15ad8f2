//! `y = exp(x - max x) / sum exp(x - max x)` along an axis;
//! `dx = y (dy - sum(dy y))`, from the output alone.

use glassbox_kernels::cpu::math::exp;
use glassbox_kernels::cpu::reduce::{Extreme, FoldMap, Identity, Operands, Sum};
use glassbox_kernels::cpu::vector::Vector;

use super::Backward;
use super::reduction::Folding;
use crate::graph::InputGradients;
use crate::tensor::Tensor;

pub(crate) struct Softmax {
    folding: Folding,
    output: Tensor,
}

impl Tensor {
    /// The softmax along `axis`: positive values that sum to 1. Exact for large inputs of either
    /// sign.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1000.0, 1000.0, -1000.0], [3]);
    /// assert_eq!(x.softmax(-1).to_vec(), [0.5, 0.5, 0.0]);
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    #[must_use]
    pub fn softmax(&self, axis: isize) -> Self {
        let folding = Folding::new(self.shape(), axis);
        let (one_each, x) = (folding.output(true), self.as_slice());
        let operands = Operands { x, ..Operands::default() };
        let largest = folding.fold(Extreme::<true>, Identity, operands, one_each);
        let operands = Operands { a: largest.as_slice(), ..operands };
        let powers = folding.spread(ExpBelow, operands);
        let operands = Operands { x: powers.as_slice(), ..Operands::default() };
        let total = folding.fold(Sum, Identity, operands, one_each);
        let y = folding.spread(Quotient, Operands { a: total.as_slice(), ..operands });
        let output = y.detach();
        y.recorded([self], |_| Softmax { folding, output }.into())
    }
}

/// `exp(x - a)`.
#[derive(Clone, Copy)]
pub(super) struct ExpBelow;

impl FoldMap for ExpBelow {
    const READS_A: bool = true;
    const COST: usize = 8;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, _: V, a: V, _: V) -> V {
        exp(x.sub(a))
    }
}

/// `x / a`.
#[derive(Clone, Copy)]
struct Quotient;

impl FoldMap for Quotient {
    const READS_A: bool = true;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, _: V, a: V, _: V) -> V {
        x.div(a)
    }
}

/// `x y`.
#[derive(Clone, Copy)]
struct Product;

impl FoldMap for Product {
    const READS_Y: bool = true;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, y: V, _: V, _: V) -> V {
        x.mul(y)
    }
}

/// `x (y - a)`.
#[derive(Clone, Copy)]
struct TimesDifference;

impl FoldMap for TimesDifference {
    const READS_Y: bool = true;
    const READS_A: bool = true;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, y: V, a: V, _: V) -> V {
        x.mul(y.sub(a))
    }
}

impl Backward for Softmax {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let (x, y) = (self.output.as_slice(), output_grad.as_slice());
        let operands = Operands { x, y, ..Operands::default() };
        let mean = self.folding.fold(Sum, Product, operands, self.folding.output(true));
        let operands = Operands { a: mean.as_slice(), ..operands };
        inputs.add(0, self.folding.spread(TimesDifference, operands));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![
        Sample::new("last axis", [[5, 10]], |x| x[0].softmax(-1)),
        Sample::new("long rows", [[3, 100]], |x| x[0].softmax(1).reshape([300])),
        Sample::new("middle axis", [[3, 6, 11]], |x| x[0].softmax(1)),
    ]
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn logits_of_fifty_keep_their_digits() {
        let x = [50.0f32, 49.5, -30.0, 30.0];
        let y = Tensor::from_slice(&x, [4]).softmax(0).to_vec();
        let total: f64 = x.iter().map(|&x| f64::from(x - 50.0).exp()).sum();
        for (&y, &x) in y.iter().zip(&x) {
            let want = f64::from(x - 50.0).exp() / total;
            assert!((f64::from(y) / want - 1.0).abs() < 1e-6, "{y}, not {want}");
        }
    }
}
