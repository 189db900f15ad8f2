//! In which ranges settings of optimizers work.

use glassbox_nn::settings::{BadSettings, Range, number_text};

/// How much of something stays from step to step.
pub(super) const KEPT: Range = Range::between(0.0, 1.0).excluding_high();
pub(super) const POSITIVE: Range = Range::above(0.0);
pub(super) const NOT_NEGATIVE: Range = Range::at_least(0.0);
/// Far above gradients of any usual size, it leaves no step to make.
pub(super) const EPSILON: Range = Range::between(0.0, 100.0).excluding_low();

/// Weights shrink: w ← w - lr·λ·w must not turn the sign of every weight, or leave nothing of it.
pub(super) fn shrinks(lr: f64, decay: f64, bad: &mut BadSettings) {
    if lr > 0.0 && decay.is_finite() && lr * decay >= 1.0 {
        let most = format!("below 1 / lr = {}", number_text(1.0 / lr));
        bad.misfit("weight_decay", most, number_text(decay), "a usual value is 0.01");
    }
}

#[cfg(test)]
mod tests {
    use glassbox_nn::Settings;

    use super::super::OptimizerConfig;

    fn found(json: serde_json::Value) -> Vec<String> {
        let config: OptimizerConfig = serde_json::from_value(json).unwrap();
        config.check().0.into_iter().map(|bad| format!("{}: {}", bad.name, bad.expected)).collect()
    }

    #[test]
    fn defaults_work() {
        for name in OptimizerConfig::TYPES {
            assert_eq!(found(serde_json::json!({ "type": name })), [""; 0], "{name}");
        }
    }

    #[test]
    fn what_cannot_work_is_named_with_its_range() {
        use serde_json::json;
        for (json, expected) in [
            (json!({ "type": "sgd", "lr": 0 }), "lr: above 0"),
            (json!({ "type": "sgd", "lr": 1e-60 }), "lr: above 0"),
            (json!({ "type": "adam", "lr": 1e300 }), "lr: above 0"),
            (json!({ "type": "sgd", "momentum": 1.0 }), "momentum: from 0 to below 1"),
            (json!({ "type": "sgd", "weight_decay": -1e-4 }), "weight_decay: 0 or more"),
            (
                json!({ "type": "sgd", "nesterov": true }),
                "nesterov: a `momentum` to look ahead along",
            ),
            (
                json!({ "type": "sgd", "nesterov": true, "momentum": 0.9, "dampening": 0.1 }),
                "dampening: 0 beside `nesterov`",
            ),
            (json!({ "type": "sgd", "dampening": 0.1 }), "dampening: a `momentum` to damp"),
            (json!({ "type": "adam", "betas": [0.9, 1.0] }), "betas: from 0 to below 1"),
            (json!({ "type": "adam", "betas": [-0.1, 0.9] }), "betas: from 0 to below 1"),
            (json!({ "type": "adam", "epsilon": 0 }), "epsilon: above 0 and at most 100"),
            (
                json!({ "type": "adamw", "lr": 0.1, "weight_decay": 20.0 }),
                "weight_decay: below 1 / lr = 10",
            ),
            (
                json!({ "type": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 100.0 }),
                "weight_decay: below 1 / lr = 10",
            ),
            (json!({ "type": "rmsprop", "alpha": 1.0 }), "alpha: from 0 to below 1"),
            (json!({ "type": "rmsprop", "alpha": 1.5 }), "alpha: from 0 to below 1"),
            (json!({ "type": "adagrad", "lr_decay": -0.5 }), "lr_decay: 0 or more"),
            (
                json!({ "type": "adagrad", "initial_accumulator": -1 }),
                "initial_accumulator: 0 or more",
            ),
        ] {
            assert_eq!(found(json.clone()), [expected], "{json}");
        }
    }
}
