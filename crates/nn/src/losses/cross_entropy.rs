//! Cross-entropy of a softmax.

use glassbox_tensor::{CrossEntropy, DType, Reduction, Tensor};
use serde::{Deserialize, Serialize};

/// `type = "cross_entropy"`: on scores (logits), the softmax is part of the loss:
/// `-ln(e^x[class] / Σ e^x)`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CrossEntropyConfig {
    /// How much of each target is spread evenly over the classes, from 0 to 1 (Szegedy et al.
    /// 2016).
    pub label_smoothing: f32,
    /// A factor for each class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_weights: Option<Vec<f32>>,
    /// Items with this class count for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_index: Option<i32>,
}

impl CrossEntropyConfig {
    #[track_caller]
    pub(super) fn compute(&self, logits: &Tensor, target: &Tensor, reduction: Reduction) -> Tensor {
        self.check(logits, target);
        let weights = self.class_weights.as_ref();
        let options = CrossEntropy {
            label_smoothing: self.label_smoothing,
            weights: weights.map(|weights| Tensor::from_slice(weights, [weights.len()])),
            ignore_index: self.ignore_index,
            reduction,
        };
        logits.cross_entropy(target, &options)
    }

    /// Refuses what gives a loss without meaning, or fails further inside with fewer words.
    #[track_caller]
    pub(super) fn check(&self, logits: &Tensor, target: &Tensor) {
        let Some((&classes, items)) = logits.dims().split_last() else {
            panic!("cross_entropy: scores without an axis of classes");
        };
        assert!(
            classes > 1,
            "cross_entropy of one class is always 0: predictions of shape {}. Numbers take \
             mean_squared_error, yes or no takes binary_cross_entropy",
            logits.shape()
        );
        let given = self.class_weights.as_ref().map_or(classes, Vec::len);
        assert!(given == classes, "cross_entropy: {given} class weights for {classes} classes");
        let fits = match target.dtype() {
            DType::I32 => target.dims() == items,
            DType::F32 => target.dims() == logits.dims(),
        };
        assert!(
            fits,
            "cross_entropy: targets of shape {} for scores of shape {}, {}",
            target.shape(),
            logits.shape(),
            match target.dtype() {
                DType::I32 => "expected one class an item: the same shape without its last axis",
                DType::F32 =>
                    "expected classes as integers (Tensor::from_i32), one an item, or a \
                               distribution over the classes",
            }
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_reach_the_operation() {
        let (logits, target) = (Tensor::zeros([2, 4]), Tensor::from_i32(&[1, 3], [2]));
        let loss = |config: CrossEntropyConfig, reduction| {
            config.compute(&logits, &target, reduction).to_vec()
        };
        let chance = 4f32.ln();
        let plain = loss(CrossEntropyConfig::default(), Reduction::Mean);
        assert!((plain[0] - chance).abs() < 1e-6);
        let weights = Some(vec![0.0, 2.0, 0.0, 1.0]);
        let weighted = CrossEntropyConfig { class_weights: weights, ..Default::default() };
        let losses = loss(weighted, Reduction::None);
        assert!((losses[0] - 2.0 * chance).abs() < 1e-6 && (losses[1] - chance).abs() < 1e-6);
        let ignoring = CrossEntropyConfig { ignore_index: Some(3), ..Default::default() };
        assert_eq!(loss(ignoring, Reduction::None)[1], 0.0);
    }

    #[test]
    #[should_panic(expected = "of one class is always 0")]
    fn a_single_class_is_refused() {
        let config = CrossEntropyConfig::default();
        let _ = config.compute(&Tensor::zeros([5, 1]), &Tensor::zeros([5, 1]), Reduction::Mean);
    }

    #[test]
    #[should_panic(expected = "expected classes as integers (Tensor::from_i32)")]
    fn classes_that_are_floats_are_refused() {
        let config = CrossEntropyConfig::default();
        let _ = config.compute(&Tensor::zeros([5, 3]), &Tensor::zeros([5]), Reduction::Mean);
    }
}
