//! Which settings of losses can work.

use super::Loss;
use crate::settings::{BadSettings, Range, Settings};

/// A probability below 1.
const BELOW_ONE: Range = Range::between(0.0, 1.0).excluding_high();
/// No slope is steeper than it: below, nothing would be learned.
const DELTA: Range = Range::at_least(1e-6);
/// The error is divided by it: above, nothing would be learned. With 0 it is the absolute error,
/// which has a name of its own.
const BETA: Range = Range::between(0.0, 1e6).excluding_low();

impl Settings for Loss {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        match self {
            Self::CrossEntropy(config) => {
                bad.single("label_smoothing", config.label_smoothing, BELOW_ONE);
                if let Some(weights) = &config.class_weights {
                    check_weights(weights, &mut bad);
                }
            }
            Self::BinaryCrossEntropy(config) => {
                bad.single("positive_weight", config.positive_weight, Range::above(0.0));
            }
            Self::Huber(config) => bad.single("delta", config.delta, DELTA),
            Self::SmoothL1(config) => bad.single("beta", config.beta, BETA),
            Self::MeanSquaredError(_) | Self::MeanAbsoluteError(_) => {}
        }
        bad
    }
}

/// Weights of classes: none is negative, and one at least counts.
fn check_weights(weights: &[f32], bad: &mut BadSettings) {
    let before = bad.0.len();
    for &weight in weights {
        bad.single("class_weights", weight, Range::at_least(0.0));
    }
    bad.0.truncate(before + 1); // one is enough
    if bad.0.len() == before && !weights.is_empty() && weights.iter().all(|&w| w == 0.0) {
        bad.misfit(
            "class_weights",
            "at least one weight above 0",
            "all weights 0",
            "give a class that counts a weight above 0",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of a loss written as in a recipe that cannot work.
    fn found(json: &str) -> Vec<String> {
        let loss: Loss = serde_json::from_str(json).unwrap();
        let told = |bad: crate::settings::BadSetting| format!("{}: {}", bad.name, bad.expected);
        loss.check().0.into_iter().map(told).collect()
    }

    #[test]
    fn defaults_work() {
        for name in ["cross_entropy", "binary_cross_entropy", "mse", "mae", "huber", "smooth_l1"] {
            assert_eq!(found(&format!(r#"{{"type":"{name}"}}"#)), [""; 0], "{name}");
        }
    }

    #[test]
    fn impossible_settings_are_named_with_their_range() {
        for (json, expected) in [
            (r#"{"type":"huber","delta":0}"#, "delta: 1e-6 or more"),
            (r#"{"type":"huber","delta":-1}"#, "delta: 1e-6 or more"),
            (r#"{"type":"smooth_l1","beta":0}"#, "beta: above 0 and at most 1000000"),
            (r#"{"type":"smooth_l1","beta":-0.5}"#, "beta: above 0 and at most 1000000"),
            (r#"{"type":"bce","positive_weight":0}"#, "positive_weight: above 0"),
            (r#"{"type":"bce","positive_weight":-2}"#, "positive_weight: above 0"),
            (
                r#"{"type":"cross_entropy","label_smoothing":1.0}"#,
                "label_smoothing: from 0 to below 1",
            ),
            (
                r#"{"type":"cross_entropy","label_smoothing":-0.1}"#,
                "label_smoothing: from 0 to below 1",
            ),
            (r#"{"type":"cross_entropy","class_weights":[1,-1,-2]}"#, "class_weights: 0 or more"),
            (
                r#"{"type":"cross_entropy","class_weights":[0,0]}"#,
                "class_weights: at least one weight above 0",
            ),
        ] {
            assert_eq!(found(json), [expected], "{json}");
        }
    }
}
