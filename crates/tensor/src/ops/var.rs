//! `y = sum((x - mean)^2) / (n - correction)` over some axes, in two passes, and corrected for what
//! rounding did to the mean (Chan, Golub and LeVeque 1983): where values are large and close to each
//! other, the mean is between two numbers of single precision;
//! `dx = 2 dy (x - mean) / (n - correction)`.
//! The standard deviation is `s = sqrt(y)`, `dy = ds / 2s` (0 where `s` is 0).

use glassbox_kernels::cpu::reduce::{FoldMap, Identity, Operands, SquaredDistance, Sum};
use glassbox_kernels::cpu::spread::spread;
use glassbox_kernels::cpu::vector::Vector;

use super::Backward;
use super::reduction::{Folding, reduction_methods};
use crate::graph::InputGradients;
use crate::shape::Axes;
use crate::tensor::{Tensor, Values};

pub(crate) struct Variance {
    folding: Folding,
    arranged: Values,
    mean: Values,
    /// What rounding took from the mean.
    rest: Tensor,
    /// `n - correction`.
    freedom: f32,
    /// The standard deviation, where that is the result.
    deviation: Option<Values>,
}

#[track_caller]
fn variance(x: &Tensor, axes: Axes, keep: bool, correction: f32, root: bool) -> Tensor {
    let folding = Folding::new(x.shape(), axes);
    let (shape, arranged) = (folding.output(keep), folding.arrange(x));
    let operands = Operands { x: arranged.as_slice(), ..Operands::default() };
    let mut mean = folding.fold(Sum, Identity, operands, shape);
    let count = folding.extent.reduced as f32;
    mean.make_mut().iter_mut().for_each(|mean| *mean /= count);
    let operands = Operands { a: mean.as_slice(), ..operands };
    let mut rest = folding.fold(Sum, Distance, operands, shape);
    rest.make_mut().iter_mut().for_each(|rest| *rest /= count);
    let mut y = folding.fold(Sum, SquaredDistance, operands, shape);
    let freedom = (count - correction).max(0.0);
    for (y, rest) in y.make_mut().iter_mut().zip(rest.as_slice()) {
        let squares = *y - count * rest * rest;
        // Not `max`, which would swallow NaN.
        *y = if squares < 0.0 { 0.0 } else { squares } / freedom;
        if root {
            *y = y.sqrt();
        }
    }
    let deviation = root.then(|| y.values());
    let (arranged, mean) = (arranged.values(), mean.values());
    y.recorded([x], |_| Variance { folding, arranged, mean, rest, freedom, deviation }.into())
}

#[track_caller]
fn var(x: &Tensor, axes: Axes, keep: bool, correction: f32) -> Tensor {
    variance(x, axes, keep, correction, false)
}

#[track_caller]
fn std(x: &Tensor, axes: Axes, keep: bool, correction: f32) -> Tensor {
    variance(x, axes, keep, correction, true)
}

reduction_methods!(
    /// The variance over `axes`: the sum of squared distances from the mean, divided by the
    /// number of elements less `correction` (1 estimates the variance of what was sampled, 0
    /// describes the elements themselves). NaN where that divisor is 0.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 3.0], [2]);
    /// assert_eq!(x.var(.., 1.0).item(), 2.0);
    /// assert_eq!(x.var(.., 0.0).item(), 1.0);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range.
    var,
    var_keep_dims,
    var,
    correction: f32
);

reduction_methods!(
    /// The standard deviation over `axes`: the root of [`Tensor::var`].
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 5.0], [2]);
    /// assert_eq!(x.std(.., 0.0).item(), 2.0);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range.
    std,
    std_keep_dims,
    std,
    correction: f32
);

/// `x - a`.
#[derive(Clone, Copy)]
struct Distance;

impl FoldMap for Distance {
    const READS_A: bool = true;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, _: V, a: V, _: V) -> V {
        x.sub(a)
    }
}

/// `b (x - a)`.
#[derive(Clone, Copy)]
struct ScaledDistance;

impl FoldMap for ScaledDistance {
    const READS_A: bool = true;
    const READS_B: bool = true;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, _: V, a: V, b: V) -> V {
        x.sub(a).mul(b)
    }
}

impl Backward for Variance {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let mut scale = output_grad;
        let factor = 2.0 / self.freedom;
        match &self.deviation {
            None => scale.make_mut().iter_mut().for_each(|scale| *scale *= factor),
            Some(deviation) => {
                for (scale, &deviation) in scale.make_mut().iter_mut().zip(deviation.f32s()) {
                    *scale =
                        if deviation == 0.0 { 0.0 } else { *scale * factor / (2.0 * deviation) };
                }
            }
        }
        let (x, a) = (self.arranged.f32s(), self.mean.f32s());
        let near = Tensor::build([x.len()], |out| {
            let operands = Operands { x, a, ..Operands::default() };
            spread(Distance, self.folding.extent, operands, out);
        });
        let (x, a, b) = (near.as_slice(), self.rest.as_slice(), scale.as_slice());
        let operands = Operands { x, a, b, ..Operands::default() };
        inputs.add(0, self.folding.spread(ScaledDistance, operands));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![
        Sample::new("all", [[3, 4]], |x| x[0].var(.., 1.0)),
        Sample::new("last axis", [[5, 20]], |x| x[0].var_keep_dims(-1, 0.0)),
        Sample::new("first axis", [[6, 9]], |x| x[0].var(0, 1.0)),
        Sample::new("deviation", [[6, 9]], |x| x[0].std(0, 1.0)),
        Sample::new("deviation apart", [[3, 5, 4]], |x| x[0].std_keep_dims([0, 2], 0.0)),
    ]
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn a_large_mean_costs_no_digits() {
        let x: Vec<f32> = (0..10_000).map(|i| 4096.0 + (i % 2) as f32).collect();
        assert_eq!(Tensor::from_vec(x, [10_000]).var(.., 0.0).item(), 0.25);
    }

    /// `np.var([1e8, 1e8 + 8])` is 16; the mean, 1e8 + 4, is no number of single precision.
    #[test]
    fn a_mean_between_two_numbers_costs_no_digits() {
        let x = Tensor::from_slice(&[1e8, 1e8 + 8.0], [2]).with_grad();
        let y = x.var(.., 0.0);
        assert_eq!(y.item(), 16.0);
        assert_eq!(y.backward().get(&x).unwrap().to_vec(), [-4.0, 4.0]);
    }

    #[test]
    fn one_element_has_no_sample_variance() {
        assert!(Tensor::scalar(3.0).var(.., 1.0).item().is_nan());
        assert_eq!(Tensor::scalar(3.0).var(.., 0.0).item(), 0.0);
    }

    #[test]
    fn the_deviation_of_equals_passes_no_gradient() {
        let x = Tensor::ones([3]).with_grad();
        let gradients = x.std(.., 1.0).backward();
        assert_eq!(gradients.get(&x).unwrap().to_vec(), [0.0; 3]);
    }
}
