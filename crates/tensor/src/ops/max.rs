//! `y = max(x)` over some axes; `dx = dy / ties` where `x = y`, else 0.

use glassbox_kernels::cpu::reduce::{Extreme, FoldMap, Identity, Operands, Sum};
use glassbox_kernels::cpu::vector::Vector;

use super::Backward;
use super::reduction::{Folding, reduction_methods};
use crate::graph::InputGradients;
use crate::shape::Axes;
use crate::tensor::{Tensor, Values};

/// Backward finds the places again from input and output.
pub(crate) struct Max {
    folding: Folding,
    arranged: Values,
    output: Values,
}

/// The maximum, or the minimum unless `LARGEST`.
#[track_caller]
pub(super) fn extreme<const LARGEST: bool>(x: &Tensor, axes: Axes, keep: bool) -> Tensor {
    let folding = Folding::new(x.shape(), axes);
    folding.assert_not_empty(if LARGEST { "maximum" } else { "minimum" });
    let arranged = folding.arrange(x);
    let operands = Operands { x: arranged.as_slice(), ..Operands::default() };
    let y = folding.fold(Extreme::<LARGEST>, Identity, operands, folding.output(keep));
    let (arranged, output) = (arranged.values(), y.values());
    y.recorded([x], |_| Max { folding, arranged, output }.into())
}

#[track_caller]
fn max(x: &Tensor, axes: Axes, keep: bool) -> Tensor {
    extreme::<true>(x, axes, keep)
}

reduction_methods!(
    /// The largest element over `axes`, NaN if any is NaN. Elements that tie share the gradient
    /// evenly.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 7.0, 3.0, 4.0], [2, 2]);
    /// assert_eq!(x.max(0).to_vec(), [3.0, 7.0]);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range, or there are no elements to choose from.
    max,
    max_keep_dims,
    max
);

/// 1 where `x = a`, else 0; NaN equals NaN.
#[derive(Clone, Copy)]
struct Ties;

impl FoldMap for Ties {
    const READS_A: bool = true;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, _: V, a: V, _: V) -> V {
        same(x, a).and(V::splat(1.0))
    }
}

/// `b` where `x = a`, else 0.
#[derive(Clone, Copy)]
struct AtTies;

impl FoldMap for AtTies {
    const READS_A: bool = true;
    const READS_B: bool = true;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, _: V, a: V, b: V) -> V {
        same(x, a).and(b)
    }
}

#[inline(always)]
fn same<V: Vector>(x: V, a: V) -> V {
    let numbers = x.eq(x).or(a.eq(a));
    x.eq(a).or(numbers.and_not(V::splat(f32::from_bits(u32::MAX))))
}

impl Backward for Max {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let (x, a) = (self.arranged.f32s(), self.output.f32s());
        let operands = Operands { x, a, ..Operands::default() };
        let ties = self.folding.fold(Sum, Ties, operands, output_grad.shape());
        let mut share = output_grad;
        let shares = share.make_mut().iter_mut().zip(ties.as_slice());
        shares.for_each(|(share, ties)| *share /= ties);
        let operands = Operands { b: share.as_slice(), ..operands };
        inputs.add(0, self.folding.spread(AtTies, operands));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    // Distinct values, further apart than the step of a finite difference.
    let apart = |shape: &[usize]| {
        let count: usize = shape.iter().product();
        let mut rng = glassbox_kernels::Rng::new(5);
        let order = rng.permutation(count);
        let values = order.iter().map(|&i| i as f32 * 0.1 - 2.0).collect();
        vec![Tensor::from_vec(values, shape)]
    };
    vec![
        Sample::new("all", [[3, 4]], |x| x[0].max(..)).with_inputs(apart(&[3, 4])),
        Sample::new("first axis", [[1]], |x| x[0].max(0)).with_inputs(apart(&[40, 9])),
        Sample::new("last axis", [[1]], |x| x[0].max_keep_dims(-1)).with_inputs(apart(&[7, 40])),
        Sample::new("apart", [[1]], |x| x[0].max([0, 2])).with_inputs(apart(&[3, 4, 5])),
        Sample::new("minimum", [[1]], |x| x[0].min([0, 2])).with_inputs(apart(&[3, 4, 5])),
        Sample::new("minimum of rows", [[1]], |x| x[0].min(-1)).with_inputs(apart(&[9, 50])),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_the_gradient() {
        let x = Tensor::from_slice(&[2.0, 5.0, 5.0, 1.0], [4]).with_grad();
        let gradients = x.max(..).backward();
        assert_eq!(gradients.get(&x).unwrap().to_vec(), [0.0, 0.5, 0.5, 0.0]);
        let gradients = x.min(..).backward();
        assert_eq!(gradients.get(&x).unwrap().to_vec(), [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn nan_wins() {
        let x = Tensor::from_slice(&[2.0, f32::NAN, 5.0, 1.0], [2, 2]);
        let (largest, smallest) = (x.max(1).to_vec(), x.min(1).to_vec());
        assert!(largest[0].is_nan() && smallest[0].is_nan());
        assert_eq!((largest[1], smallest[1]), (5.0, 1.0));
    }

    #[test]
    #[should_panic(expected = "maximum of no elements, over axes of 2×0")]
    fn nothing_has_no_maximum() {
        let _ = Tensor::zeros([2, 0]).max(1);
    }
}
