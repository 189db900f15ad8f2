//! The negative log-likelihood of classes: `loss = -weight[t] x[t]` for log-probabilities `x`.

use super::cross_entropy::{CrossEntropy, total_weight};
use super::loss::LossGradients;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl Tensor {
    /// The negative log-likelihood of the classes in `targets`, `[batch…]`, under these
    /// log-probabilities, `[batch…, classes]`. [`Tensor::cross_entropy`] of logits is faster than
    /// this after [`Tensor::log_softmax`]. Label smoothing plays no part.
    ///
    /// ```
    /// # use glassbox_tensor::{CrossEntropy, Tensor};
    /// let x = Tensor::from_slice(&[-1.0, -2.0, -3.0, -4.0], [2, 2]);
    /// let loss = x.nll_loss(&Tensor::from_i32(&[1, 0], [2]), &CrossEntropy::default());
    /// assert_eq!(loss.item(), 2.5);
    /// ```
    ///
    /// # Panics
    /// When the shapes do not fit, or a class is out of range and not ignored.
    #[track_caller]
    #[must_use]
    pub fn nll_loss(&self, targets: &Self, options: &CrossEntropy) -> Self {
        let shape = self.shape();
        assert!(!shape.is_empty(), "nll_loss: log-probabilities without a classes axis");
        let (batch, classes) = (Shape::new(&shape[..shape.len() - 1]), shape[shape.len() - 1]);
        assert!(
            targets.shape() == batch,
            "nll_loss: targets {} for log-probabilities {shape}",
            targets.shape()
        );
        let weights = options.weights.as_ref().map_or(&[][..], Tensor::as_slice);
        assert!(
            weights.is_empty() || weights.len() == classes,
            "nll_loss: {} class weights for {classes} classes",
            weights.len()
        );
        let (targets, ignored) = (targets.as_i32(), options.ignore_index);
        let factor = options.reduction.factor(total_weight(targets, classes, weights, ignored));
        let each = |f: &mut dyn FnMut(usize, usize, f32)| {
            for (row, &target) in targets.iter().enumerate() {
                if Some(target) != ignored {
                    let class = target as usize; // in range: `total_weight` looked at all
                    f(row, row * classes + class, *weights.get(class).unwrap_or(&1.0));
                }
            }
        };
        let x = self.as_slice();
        let losses = Self::build(batch, |out| {
            out.fill(0.0);
            each(&mut |row, at, weight| out[row] = -weight * x[at]);
        });
        options.reduction.reduce(losses, factor).recorded([self], |_| {
            let gradient = Self::build(shape, |out| {
                out.fill(0.0);
                each(&mut |_, at, weight| out[at] = -weight * factor);
            });
            LossGradients { gradients: [Some(gradient), None] }.into()
        })
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    use super::loss::Reduction;
    let targets = Tensor::from_i32(&[0, 3, 1, 2, 1], [5]);
    [Reduction::Mean, Reduction::Sum, Reduction::None]
        .into_iter()
        .map(|reduction| {
            let targets = targets.clone();
            let weights = Some(Tensor::from_slice(&[0.5, 1.0, 2.0, 0.7], [4]));
            let ignore_index = Some(3);
            let options = CrossEntropy { weights, ignore_index, reduction, label_smoothing: 0.0 };
            Sample::new("likelihood", [[5, 4]], move |x| x[0].nll_loss(&targets, &options))
        })
        .collect()
}
