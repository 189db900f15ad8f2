//! `y = factor * sum(x)` over some axes; `dx = factor * dy` at every folded element.

use glassbox_kernels::cpu::reduce::{FoldMap, Identity, Operands, Sum as Add};
use glassbox_kernels::cpu::vector::Vector;

use super::Backward;
use super::reduction::{Folding, reduction_methods};
use crate::graph::InputGradients;
use crate::shape::Axes;
use crate::tensor::Tensor;

/// Backward reads no values.
pub(crate) struct Sum {
    folding: Folding,
    factor: f32,
}

#[track_caller]
fn sum(x: &Tensor, axes: Axes, keep: bool) -> Tensor {
    scaled_sum(x, axes, keep, |_| 1.0)
}

/// The sum times a factor that depends on how many elements are folded.
#[track_caller]
pub(super) fn scaled_sum(
    x: &Tensor,
    axes: Axes,
    keep: bool,
    factor: impl FnOnce(usize) -> f32,
) -> Tensor {
    let folding = Folding::new(x.shape(), axes);
    let arranged = folding.arrange(x);
    let operands = Operands { x: arranged.as_slice(), ..Operands::default() };
    let mut y = folding.fold(Add, Identity, operands, folding.output(keep));
    let factor = factor(folding.extent.reduced);
    if factor != 1.0 {
        y.make_mut().iter_mut().for_each(|y| *y *= factor);
    }
    y.recorded([x], |_| Sum { folding, factor }.into())
}

reduction_methods!(
    /// The sum over `axes`; 0 where there is nothing to add.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], [2, 2]);
    /// assert_eq!(x.sum(0).to_vec(), [4.0, 6.0]);
    /// assert_eq!(x.sum_keep_dims(-1).dims(), [2, 1]);
    /// assert_eq!(x.sum(..).item(), 10.0);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range.
    sum,
    sum_keep_dims,
    sum
);

/// `factor * a`.
#[derive(Clone, Copy)]
struct Scaled(f32);

impl FoldMap for Scaled {
    const READS_X: bool = false;
    const READS_A: bool = true;

    #[inline(always)]
    fn map<V: Vector>(self, _: V, _: V, a: V, _: V) -> V {
        a.mul(V::splat(self.0))
    }
}

impl Backward for Sum {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let operands = Operands { a: output_grad.as_slice(), ..Operands::default() };
        inputs.add(0, self.folding.spread(Scaled(self.factor), operands));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![
        Sample::new("all", [[3, 4]], |x| x[0].sum(..)),
        Sample::new("first axis", [[40, 33]], |x| x[0].sum(0)),
        Sample::new("last axis kept", [[5, 70]], |x| x[0].sum_keep_dims(-1)),
        Sample::new("middle", [[3, 5, 9]], |x| x[0].sum(1)),
        Sample::new("apart", [[3, 5, 4, 2]], |x| x[0].sum([0, 2])),
        Sample::new("mean of apart", [[3, 5, 4, 2]], |x| x[0].mean([1, 3])),
        Sample::new("long", [[150_000]], |x| x[0].sum(0)),
    ]
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn nothing_sums_to_zero_and_has_no_mean() {
        let nothing = Tensor::zeros([2, 0]);
        assert_eq!(nothing.sum(1).to_vec(), [0.0, 0.0]);
        assert!(nothing.mean(1).to_vec().iter().all(|x| x.is_nan()));
        assert_eq!(nothing.sum(0).dims(), [0]);
        assert_eq!(Tensor::scalar(3.0).sum(..).item(), 3.0);
    }

    #[test]
    fn axes_that_lie_apart() {
        let x = Tensor::build([2, 3, 4, 5], |out| {
            out.iter_mut().enumerate().for_each(|(i, x)| *x = i as f32);
        });
        assert_eq!(x.sum([0, 2]).to_vec(), x.sum(2).sum(0).to_vec());
        assert_eq!(x.sum_keep_dims([-1, 0, 1]).dims(), [1, 1, 4, 1]);
        assert_eq!(x.sum([-1, 0, 1]).to_vec(), x.sum(3).sum(1).sum(0).to_vec());
    }
}
