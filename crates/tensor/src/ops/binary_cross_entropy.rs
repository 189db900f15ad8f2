//! The cross-entropy of the sigmoid of logits `x` with targets `t` in `[0, 1]`, weighted by `w`
//! and, for positive targets, by `p`:
//! `loss = w ((1 - t) softplus(x) + p t softplus(-x))`,
//! `dx = w ((1 - t) sigmoid(x) - p t sigmoid(-x))`, `dt = w (p softplus(-x) - softplus(x))`, which is
//! `-w x` for `p = 1`.

use glassbox_kernels::cpu::math::{exp, ln_1p};
use glassbox_kernels::cpu::reduce::{Extent, FoldMap, Operands};
use glassbox_kernels::cpu::spread::spread;
use glassbox_kernels::cpu::vector::Vector;

use super::loss::{LossGradients, Reduction};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Options of [`Tensor::binary_cross_entropy_with_logits`].
#[derive(Clone, Debug, Default)]
pub struct BinaryCrossEntropy {
    /// A factor for each loss; its shape broadcasts to that of the logits.
    pub weight: Option<Tensor>,
    /// A factor for the positive part of each loss; its shape broadcasts to that of the logits.
    pub positive_weight: Option<Tensor>,
    /// How the losses of the elements are combined.
    pub reduction: Reduction,
}

impl Tensor {
    /// The binary cross-entropy of the sigmoid of these logits with `targets` from 0 to 1, of the
    /// same shape. Exact for large logits of either sign.
    ///
    /// ```
    /// # use glassbox_tensor::{BinaryCrossEntropy, Tensor};
    /// let logits = Tensor::from_slice(&[0.0, 100.0, -100.0], [3]);
    /// let targets = Tensor::from_slice(&[1.0, 1.0, 1.0], [3]);
    /// let loss = logits.binary_cross_entropy_with_logits(&targets, &BinaryCrossEntropy::default());
    /// assert!((loss.item() - (2f32.ln() + 100.0) / 3.0).abs() < 1e-5);
    /// ```
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    #[must_use]
    pub fn binary_cross_entropy_with_logits(
        &self,
        targets: &Self,
        options: &BinaryCrossEntropy,
    ) -> Self {
        let shape = self.shape();
        assert!(
            targets.shape() == shape,
            "binary_cross_entropy_with_logits: targets {} for logits {shape}",
            targets.shape()
        );
        let full = |x: &Option<Self>| x.as_ref().map(|x| x.detach().broadcast_to(shape));
        let (weight, positive) = (full(&options.weight), full(&options.positive_weight));
        let operands = Operands {
            x: self.as_slice(),
            y: targets.as_slice(),
            a: weight.as_ref().map_or(&[], Self::as_slice),
            b: positive.as_ref().map_or(&[], Self::as_slice),
        };
        let factor = options.reduction.factor(self.elements() as f32);
        let losses = elementwise::<LOSS>(shape, operands, 1.0);
        let gradients = [
            self.requires_grad().then(|| elementwise::<LOGIT>(shape, operands, factor)),
            targets.requires_grad().then(|| elementwise::<TARGET>(shape, operands, factor)),
        ];
        options
            .reduction
            .reduce(losses, factor)
            .recorded([self, targets], |_| LossGradients { gradients }.into())
    }
}

/// What is computed: the loss, or its gradient by the logit or by the target.
const LOSS: u8 = 0;
const LOGIT: u8 = 1;
const TARGET: u8 = 2;

fn elementwise<const WHAT: u8>(shape: Shape, operands: Operands, factor: f32) -> Tensor {
    let extent = Extent { outer: 1, reduced: 1, inner: shape.elements() };
    Tensor::build(shape, |out| match (operands.a.is_empty(), operands.b.is_empty()) {
        (true, true) => spread(Formula::<WHAT, false, false>(factor), extent, operands, out),
        (true, false) => spread(Formula::<WHAT, false, true>(factor), extent, operands, out),
        (false, true) => spread(Formula::<WHAT, true, false>(factor), extent, operands, out),
        (false, false) => spread(Formula::<WHAT, true, true>(factor), extent, operands, out),
    })
}

/// One of the formulas above, times a factor; `a` is the weight, `b` that of positive targets.
#[derive(Clone, Copy)]
struct Formula<const WHAT: u8, const WEIGHTED: bool, const POSITIVE: bool>(f32);

impl<const WHAT: u8, const WEIGHTED: bool, const POSITIVE: bool> FoldMap
    for Formula<WHAT, WEIGHTED, POSITIVE>
{
    const READS_Y: bool = true;
    const READS_A: bool = WEIGHTED;
    const READS_B: bool = POSITIVE;
    const COST: usize = 16;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, target: V, weight: V, positive: V) -> V {
        let one = V::splat(1.0);
        let power = exp(x.abs().neg());
        let not = one.sub(target);
        let yes = if POSITIVE { target.mul(positive) } else { target };
        let value = if WHAT == LOGIT {
            let larger = one.div(one.add(power));
            let smaller = power.mul(larger);
            let negative = x.lt(V::zero());
            let sigmoid = V::select(negative, smaller, larger);
            let complement = V::select(negative, larger, smaller);
            not.mul(sigmoid).sub(yes.mul(complement))
        } else {
            let rest = ln_1p(power);
            let (above, below) = (V::zero().max(x), V::zero().max(x.neg()));
            if WHAT == LOSS {
                not.mul(rest.add(above)).add(yes.mul(rest.add(below)))
            } else if POSITIVE {
                // The softplus of x and of -x differ by little where x is small.
                positive.sub(one).mul_add(rest, below.mul(positive).sub(above))
            } else {
                x.neg()
            }
        };
        let value = value.mul(V::splat(self.0));
        if WEIGHTED { value.mul(weight) } else { value }
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    let with = |weighted: bool, positive: bool, reduction| BinaryCrossEntropy {
        weight: weighted.then(|| Tensor::from_slice(&[0.5, 2.0, 1.5, 1.0], [4])),
        positive_weight: positive.then(|| Tensor::from_slice(&[3.0, 0.25, 1.0, 2.0], [4])),
        reduction,
    };
    let sample = |name, options: BinaryCrossEntropy| {
        Sample::new(name, [[9, 4], [9, 4]], move |x| {
            x[0].binary_cross_entropy_with_logits(&x[1], &options)
        })
    };
    vec![
        sample("mean", with(false, false, Reduction::Mean)),
        sample("weighted sum", with(true, false, Reduction::Sum)),
        sample("positive weights", with(false, true, Reduction::Mean)),
        sample("single losses", with(true, true, Reduction::None)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_logits_keep_their_digits() {
        let x: Vec<f32> = (-80..=80).map(|i| i as f32 * 0.5).collect();
        let count = x.len();
        let logits = Tensor::from_slice(&x, [count]).with_grad();
        let options = BinaryCrossEntropy { reduction: Reduction::None, ..Default::default() };
        for t in [0.0f32, 1.0, 0.25] {
            let targets = Tensor::full([count], t);
            let losses = logits.binary_cross_entropy_with_logits(&targets, &options);
            let mut gradients = crate::Gradients::default();
            losses.backward_from(Tensor::ones([count]), &mut gradients);
            let gradient = gradients.get(&logits).unwrap();
            for (i, &x) in x.iter().enumerate() {
                let (x, t) = (f64::from(x), f64::from(t));
                let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
                let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
                let pairs = [
                    (losses.as_slice()[i], (1.0 - t) * softplus(x) + t * softplus(-x)),
                    (gradient.as_slice()[i], (1.0 - t) * sigmoid(x) - t * sigmoid(-x)),
                ];
                for (got, want) in pairs {
                    let error = (f64::from(got) - want).abs();
                    let allowed = 1e-6 * want.abs() + if t == 0.25 { 1e-7 } else { 0.0 };
                    assert!(error <= allowed, "x {x}, t {t}: {got}, not {want}");
                }
            }
        }
    }
}
