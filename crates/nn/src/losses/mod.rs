//! The losses: one file each. What training minimises.

use glassbox_tensor::{Reduction, Tensor};
use serde::{Deserialize, Serialize};

mod binary_cross_entropy;
mod cross_entropy;
mod huber;
mod mean_absolute_error;
mod mean_squared_error;
mod settings;
mod smooth_l1;
mod total;

pub use binary_cross_entropy::BinaryCrossEntropyConfig;
pub use cross_entropy::CrossEntropyConfig;
pub use huber::{HuberConfig, huber};
pub use mean_absolute_error::{MeanAbsoluteErrorConfig, mean_absolute_error};
pub use mean_squared_error::{MeanSquaredErrorConfig, mean_squared_error};
pub use smooth_l1::{SmoothL1Config, smooth_l1};
pub use total::LossTotal;

/// The configuration of any loss. In recipes the key `type` tells which.
///
/// ```
/// use glassbox_nn::Loss;
/// use glassbox_tensor::Tensor;
///
/// let loss: Loss = serde_json::from_str(r#"{"type": "huber", "delta": 2.0}"#)?;
/// let (prediction, target) = (Tensor::ones([2, 1]), Tensor::zeros([2, 1]));
/// assert_eq!(loss.compute(&prediction, &target).item(), 0.5);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Loss {
    /// For one of several classes; the prediction is one score a class.
    CrossEntropy(CrossEntropyConfig),
    /// For yes or no, each on its own; the prediction is one score a question.
    #[serde(alias = "binary_cross_entropy_with_logits", alias = "bce")]
    BinaryCrossEntropy(BinaryCrossEntropyConfig),
    /// For numbers: large errors weigh more.
    #[serde(alias = "mse")]
    MeanSquaredError(MeanSquaredErrorConfig),
    /// For numbers: all errors weigh alike.
    #[serde(alias = "mae")]
    MeanAbsoluteError(MeanAbsoluteErrorConfig),
    /// For numbers: squared for small errors, absolute for large ones.
    Huber(HuberConfig),
    /// Huber's loss scaled so that large errors weigh as their absolute value.
    SmoothL1(SmoothL1Config),
}

impl Default for Loss {
    fn default() -> Self {
        Self::CrossEntropy(CrossEntropyConfig::default())
    }
}

impl Loss {
    /// The name in recipes.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CrossEntropy(_) => "cross_entropy",
            Self::BinaryCrossEntropy(_) => "binary_cross_entropy",
            Self::MeanSquaredError(_) => "mean_squared_error",
            Self::MeanAbsoluteError(_) => "mean_absolute_error",
            Self::Huber(_) => "huber",
            Self::SmoothL1(_) => "smooth_l1",
        }
    }

    /// The mean loss of a batch, a scalar.
    ///
    /// Targets of `cross_entropy` are classes (integers, the prediction's shape without its last
    /// axis) or distributions; those of the others have the prediction's shape, of which a last
    /// axis of length 1 may be missing.
    ///
    /// # Panics
    /// When the shapes do not fit, or a class is out of range.
    #[track_caller]
    #[must_use]
    pub fn compute(&self, prediction: &Tensor, target: &Tensor) -> Tensor {
        self.compute_reduced(prediction, target, Reduction::Mean)
    }

    /// As [`Loss::compute`], with the losses of the items combined as `reduction` says.
    #[track_caller]
    #[must_use]
    pub fn compute_reduced(
        &self,
        prediction: &Tensor,
        target: &Tensor,
        reduction: Reduction,
    ) -> Tensor {
        match self {
            Self::CrossEntropy(config) => config.compute(prediction, target, reduction),
            Self::BinaryCrossEntropy(config) => config.compute(prediction, target, reduction),
            Self::MeanSquaredError(_) => mean_squared_error(prediction, target, reduction),
            Self::MeanAbsoluteError(_) => mean_absolute_error(prediction, target, reduction),
            Self::Huber(config) => huber(prediction, target, config.delta, reduction),
            Self::SmoothL1(config) => smooth_l1(prediction, target, config.beta, reduction),
        }
    }
}

/// The losses of single values, combined.
fn reduce(losses: &Tensor, reduction: Reduction) -> Tensor {
    match reduction {
        Reduction::Mean => losses.mean(..),
        Reduction::Sum => losses.sum(..),
        Reduction::None => losses.clone(),
    }
}

/// The target in the prediction's shape: a missing last axis of length 1 is added, nothing else
/// is stretched. Integer targets become numbers.
#[track_caller]
fn fitted(loss: &str, prediction: &Tensor, target: &Tensor) -> Tensor {
    check_shapes(loss, prediction, target);
    let (wanted, found) = (prediction.shape(), target.shape());
    match target.dtype() {
        glassbox_tensor::DType::F32 if wanted == found => target.clone(),
        glassbox_tensor::DType::F32 => target.reshape(wanted),
        glassbox_tensor::DType::I32 => Tensor::build(wanted, |out| {
            out.iter_mut().zip(target.as_i32()).for_each(|(out, &class)| *out = class as f32);
        }),
    }
}

/// Targets have the prediction's shape, of which a last axis of length 1 may be missing.
#[track_caller]
fn check_shapes(loss: &str, prediction: &Tensor, target: &Tensor) {
    let (wanted, found) = (prediction.shape(), target.shape());
    let fits = wanted == found || matches!(wanted.split_last(), Some((1, rest)) if *rest == *found);
    assert!(fits, "{loss}: targets of shape {found} for predictions of shape {wanted}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_they_are_read() {
        for (text, name) in [
            ("cross_entropy", "cross_entropy"),
            ("binary_cross_entropy", "binary_cross_entropy"),
            ("binary_cross_entropy_with_logits", "binary_cross_entropy"),
            ("mse", "mean_squared_error"),
            ("mae", "mean_absolute_error"),
            ("huber", "huber"),
            ("smooth_l1", "smooth_l1"),
        ] {
            let loss: Loss = serde_json::from_str(&format!(r#"{{"type":"{text}"}}"#)).unwrap();
            assert_eq!(loss.name(), name);
            let written = serde_json::to_value(&loss).unwrap();
            assert_eq!(written["type"], name);
            assert_eq!(serde_json::from_value::<Loss>(written).unwrap(), loss);
        }
        assert_eq!(Loss::default().name(), "cross_entropy");
    }

    #[test]
    fn a_missing_last_axis_of_one_is_added() {
        let prediction = Tensor::from_slice(&[1.0, 2.0], [2, 1]);
        let loss = Loss::MeanSquaredError(MeanSquaredErrorConfig {});
        assert_eq!(loss.compute(&prediction, &Tensor::from_slice(&[1.0, 4.0], [2])).item(), 2.0);
        assert_eq!(loss.compute(&prediction, &Tensor::from_i32(&[1, 4], [2])).item(), 2.0);
    }

    #[test]
    #[should_panic(
        expected = "mean_squared_error: targets of shape 2 for predictions of shape 2×2"
    )]
    fn nothing_is_stretched_silently() {
        let loss = Loss::MeanSquaredError(MeanSquaredErrorConfig {});
        let _ = loss.compute(&Tensor::zeros([2, 2]), &Tensor::zeros([2]));
    }
}
