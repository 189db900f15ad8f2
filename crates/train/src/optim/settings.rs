//! Which settings of optimizers can work.

use glassbox_nn::settings::{BadSettings, Range, Settings, number_text};

use super::{Adagrad, Adam, AdamW, OptimizerConfig, RmsProp, Sgd};

/// How much of something stays from step to step.
const KEPT: Range = Range::between(0.0, 1.0).excluding_high();
const POSITIVE: Range = Range::above(0.0);
const NOT_NEGATIVE: Range = Range::at_least(0.0);
/// Far above gradients of any usual size, it leaves no step to make.
const EPSILON: Range = Range::between(0.0, 100.0).excluding_low();

impl Settings for OptimizerConfig {
    fn check(&self) -> BadSettings {
        match self {
            Self::Sgd(config) => config.check(),
            Self::Adam(config) => config.check(),
            Self::AdamW(config) => config.check(),
            Self::RmsProp(config) => config.check(),
            Self::Adagrad(config) => config.check(),
        }
    }
}

impl OptimizerConfig {
    /// Whether there is a momentum that a schedule can move.
    pub fn has_momentum(&self) -> bool {
        match self {
            Self::Sgd(config) => config.momentum != 0.0,
            Self::RmsProp(config) => config.momentum != 0.0,
            Self::Adam(_) | Self::AdamW(_) => true,
            Self::Adagrad(_) => false,
        }
    }
}

impl Settings for Sgd {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        bad.number("lr", self.lr, POSITIVE);
        bad.number("momentum", self.momentum, KEPT);
        bad.number("dampening", self.dampening, KEPT);
        bad.number("weight_decay", self.weight_decay, NOT_NEGATIVE);
        shrinks(self.lr, self.weight_decay, &mut bad);
        let still = self.momentum == 0.0;
        if self.nesterov && still {
            let help = "give `momentum`, 0.9 for instance, or leave `nesterov` out";
            bad.no_effect("nesterov", "a `momentum` to look ahead along", "momentum = 0", help);
        }
        if self.nesterov && self.dampening != 0.0 {
            // As in PyTorch: the look ahead presumes that the whole gradient enters the velocity.
            let found = format!("nesterov = true with dampening = {}", number_text(self.dampening));
            let help = "leave one of the two out";
            bad.misfit("dampening", "0 beside `nesterov`", found, help);
        } else if self.dampening != 0.0 && still {
            let help = "give `momentum`, or leave `dampening` out";
            bad.no_effect("dampening", "a `momentum` to damp", "momentum = 0", help);
        }
        bad
    }
}

impl Settings for Adam {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        bad.number("lr", self.lr, POSITIVE);
        self.betas.iter().for_each(|&beta| bad.number("betas", beta, KEPT));
        bad.number("epsilon", self.epsilon, EPSILON);
        bad.number("weight_decay", self.weight_decay, NOT_NEGATIVE);
        bad
    }
}

impl Settings for AdamW {
    fn check(&self) -> BadSettings {
        let mut bad = self.adam().check();
        shrinks(self.lr, self.weight_decay, &mut bad);
        bad
    }
}

/// Weights shrink: w ← w - lr·λ·w must not turn the sign of every weight, or leave nothing of it.
fn shrinks(lr: f64, decay: f64, bad: &mut BadSettings) {
    if lr > 0.0 && decay.is_finite() && lr * decay >= 1.0 {
        let most = format!("below 1 / lr = {}", number_text(1.0 / lr));
        bad.misfit("weight_decay", most, number_text(decay), "a usual value is 0.01");
    }
}

impl Settings for RmsProp {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        bad.number("lr", self.lr, POSITIVE);
        bad.number("alpha", self.alpha, KEPT);
        bad.number("epsilon", self.epsilon, EPSILON);
        bad.number("weight_decay", self.weight_decay, NOT_NEGATIVE);
        bad.number("momentum", self.momentum, KEPT);
        bad
    }
}

impl Settings for Adagrad {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        bad.number("lr", self.lr, POSITIVE);
        bad.number("lr_decay", self.lr_decay, NOT_NEGATIVE);
        bad.number("epsilon", self.epsilon, EPSILON);
        bad.number("weight_decay", self.weight_decay, NOT_NEGATIVE);
        bad.number("initial_accumulator", self.initial_accumulator, NOT_NEGATIVE);
        bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
