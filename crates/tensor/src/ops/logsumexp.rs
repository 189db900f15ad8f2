//! `y = log sum exp(x)` over some axes, through `m + log sum exp(x - m)` with the maximum `m`;
//! `dx = dy exp(x - m) / sum exp(x - m)`, not `dy exp(x - y)`: where `m` is large, nothing is left of
//! the logarithm in `y`.

use glassbox_kernels::cpu::math::exp;
use glassbox_kernels::cpu::reduce::{Extreme, FoldMap, Identity, Operands, Sum};
use glassbox_kernels::cpu::vector::Vector;

use super::Backward;
use super::reduction::{Folding, reduction_methods};
use super::softmax::ExpBelow;
use crate::graph::InputGradients;
use crate::shape::{Axes, Shape};
use crate::tensor::{Tensor, Values};

pub(crate) struct LogSumExp {
    folding: Folding,
    arranged: Values,
    largest: Values,
    total: Tensor,
}

#[track_caller]
fn logsumexp(x: &Tensor, axes: Axes, keep: bool) -> Tensor {
    let folding = Folding::new(x.shape(), axes);
    let arranged = folding.arrange(x);
    let Powers { largest, total } = Powers::of(&folding, &arranged, folding.output(keep));
    let y = Tensor::build(total.shape(), |out| {
        let terms = total.as_slice().iter().zip(largest.as_slice());
        out.iter_mut().zip(terms).for_each(|(y, (total, largest))| *y = total.ln() + largest);
    });
    let (arranged, largest) = (arranged.values(), largest.values());
    y.recorded([x], |_| LogSumExp { folding, arranged, largest, total }.into())
}

/// What `log sum exp` is made of, outside the graph.
pub(super) struct Powers {
    /// `m`: the maximum, or 0 where that is infinite and would make `x - m` undefined.
    pub(super) largest: Tensor,
    /// `sum exp(x - m)`.
    pub(super) total: Tensor,
}

impl Powers {
    /// Of arranged values.
    pub(super) fn of(folding: &Folding, arranged: &Tensor, shape: Shape) -> Self {
        let operands = Operands { x: arranged.as_slice(), ..Operands::default() };
        let mut largest = folding.fold(Extreme::<true>, Identity, operands, shape);
        let finite = |x: &mut f32| *x = if x.is_infinite() { 0.0 } else { *x };
        largest.make_mut().iter_mut().for_each(finite);
        let operands = Operands { a: largest.as_slice(), ..operands };
        let total = folding.fold(Sum, ExpBelow, operands, shape);
        Self { largest, total }
    }
}

reduction_methods!(
    /// `log sum exp` over `axes`, safe from overflow; minus infinity where there is nothing to
    /// add.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1000.0, 1000.0], [2]);
    /// assert_eq!(x.logsumexp(0).item(), 1000.0 + 2f32.ln());
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range.
    logsumexp,
    logsumexp_keep_dims,
    logsumexp
);

/// `b exp(x - a)`.
#[derive(Clone, Copy)]
struct Share;

impl FoldMap for Share {
    const READS_A: bool = true;
    const READS_B: bool = true;
    const COST: usize = 8;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, _: V, a: V, b: V) -> V {
        exp(x.sub(a)).mul(b)
    }
}

impl Backward for LogSumExp {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let mut share = output_grad;
        let totals = self.total.as_slice();
        share.make_mut().iter_mut().zip(totals).for_each(|(share, total)| *share /= total);
        let operands = Operands {
            x: self.arranged.f32s(),
            a: self.largest.f32s(),
            b: share.as_slice(),
            ..Operands::default()
        };
        inputs.add(0, self.folding.spread(Share, operands));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![
        Sample::new("all", [[3, 4]], |x| x[0].logsumexp(..)),
        Sample::new("last axis", [[5, 20]], |x| x[0].logsumexp(-1)),
        Sample::new("first axis", [[6, 9]], |x| x[0].logsumexp_keep_dims(0)),
        Sample::new("apart", [[3, 5, 4]], |x| x[0].logsumexp([0, 2])),
    ]
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn the_gradient_of_large_values_keeps_its_digits() {
        // scipy.special.softmax([0, 0, -1])
        let want = [0.422_318_8, 0.422_318_8, 0.155_362_4];
        for size in [0.0f32, 1e6, 1e7, -1e7] {
            let x = Tensor::from_slice(&[size, size, size - 1.0], [3]).with_grad();
            let gradients = x.logsumexp(0).backward();
            for (&dx, want) in gradients.get(&x).unwrap().as_slice().iter().zip(want) {
                assert!((dx - want).abs() < 1e-7, "{size}: {dx}, not {want}");
            }
        }
    }

    #[test]
    fn infinities() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let x = [-inf, -inf, inf, 1.0, 0.0, -inf, nan, 0.0];
        let y = Tensor::from_slice(&x, [4, 2]).logsumexp(1).to_vec();
        assert_eq!(y[..3], [-inf, inf, 0.0]);
        assert!(y[3].is_nan());
        assert_eq!(Tensor::zeros([0, 1]).logsumexp(0).to_vec(), [-inf]);
    }
}
