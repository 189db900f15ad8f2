//! Which settings of a training can work, each alone and together.

use glassbox_nn::settings::{BadSettings, Range, Settings, number_text};

use crate::clip::Clip;
use crate::config::TrainConfig;
use crate::observers::EarlyStopConfig;
use crate::schedule::{Span, Warmup};

impl Settings for Clip {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        let (Self::Norm { max } | Self::Value { max }) = *self;
        // Below it, single precision leaves nothing of a step.
        bad.number("max", max, Range::at_least(1e-8));
        bad
    }
}

impl Settings for EarlyStopConfig {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        bad.number("patience", self.patience as f64, Range::at_least(1.0));
        let most = match self.metric.metric.ends_with(".accuracy") {
            true => Range::between(0.0, 1.0).excluding_high(),
            false => Range::at_least(0.0),
        };
        bad.number("min_delta", self.min_delta, most);
        bad
    }
}

impl Settings for TrainConfig {
    fn check(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        bad.number("accumulate", self.accumulate as f64, Range::at_least(1.0));
        if let Some(steps) = self.bptt {
            bad.number("bptt", steps as f64, Range::at_least(1.0));
        }
        bad.extend_within("loss", self.loss.check());
        bad.extend_within("optimizer", self.optimizer.check());
        bad.extend_within("schedule", self.schedule.check());
        if let Some(warmup) = &self.warmup {
            bad.extend_within("warmup", warmup.check());
        }
        if let Some(clip) = &self.clip {
            bad.extend_within("clip", clip.check());
        }
        if bad.0.is_empty() { self.check_together() } else { bad }
    }
}

impl TrainConfig {
    /// The settings that work alone but not with the others, such as a lowest rate above the rate.
    pub fn check_together(&self) -> BadSettings {
        let mut bad = BadSettings::default();
        let (rate, epochs) = (self.optimizer.learning_rate(), self.epochs as f64);
        let warmup = self.warmup.as_ref().map_or(0.0, |Warmup { epochs, .. }| *epochs);
        if warmup > 0.0 && warmup >= epochs {
            let (expected, found) = (format!("fewer than {epochs} epochs"), number_text(warmup));
            let help = "shorten the warm-up, or train for more epochs";
            bad.no_effect("warmup.epochs", expected, found, help);
            return bad;
        }
        let mut of_schedule = BadSettings::default();
        self.schedule.check_in(Span { rate, epochs: epochs - warmup }, &mut of_schedule);
        bad.extend_within("schedule", of_schedule);
        bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn told(config: &TrainConfig) -> Vec<String> {
        config.check().0.into_iter().map(|bad| format!("{}: {}", bad.name, bad.expected)).collect()
    }

    /// A training of ten epochs at a rate of 0.1 with this schedule.
    fn with_schedule(schedule: Value) -> TrainConfig {
        TrainConfig {
            epochs: 10,
            schedule: serde_json::from_value(schedule).unwrap(),
            optimizer: serde_json::from_value(json!({ "type": "adam", "lr": 0.1 })).unwrap(),
            ..TrainConfig::default()
        }
    }

    #[test]
    fn schedules_that_make_a_rate_impossible_are_named_with_the_range() {
        let falls = "above 0 and below 1";
        for (schedule, name, expected) in [
            (json!({ "type": "step", "every": 0 }), "every", "above 0"),
            (json!({ "type": "step", "every": -2 }), "every", "above 0"),
            (json!({ "type": "step", "every": 3, "gamma": -0.5 }), "gamma", falls),
            (json!({ "type": "step", "every": 3, "gamma": 0 }), "gamma", falls),
            (json!({ "type": "step", "every": 3, "gamma": 1 }), "gamma", falls),
            (json!({ "type": "step", "every": 3, "gamma": 2 }), "gamma", falls),
            (json!({ "type": "exponential", "gamma": 1.1 }), "gamma", falls),
            (json!({ "type": "multi_step" }), "milestones", "at least one epoch"),
            (
                json!({ "type": "multi_step", "milestones": [4, 2] }),
                "milestones",
                "epochs that increase",
            ),
            (
                json!({ "type": "multi_step", "milestones": [4, 4] }),
                "milestones",
                "epochs that increase",
            ),
            (json!({ "type": "multi_step", "milestones": [0, 4] }), "milestones", "above 0"),
            (json!({ "type": "cosine", "epochs": 0 }), "epochs", "above 0"),
            (json!({ "type": "cosine", "min_lr": -0.1 }), "min_lr", "0 or more"),
            (json!({ "type": "cosine_restarts", "epochs": 0 }), "epochs", "above 0"),
            (json!({ "type": "cosine_restarts", "factor": 0.5 }), "factor", "1 or more"),
            (json!({ "type": "cosine_restarts", "factor": -1 }), "factor", "1 or more"),
            (json!({ "type": "linear", "start": 2 }), "start", "from 0 to 1"),
            (json!({ "type": "linear", "end": -1 }), "end", "from 0 to 1"),
            (json!({ "type": "linear", "epochs": 0 }), "epochs", "above 0"),
            (json!({ "type": "linear", "end": 1 }), "end", "another value than `start`"),
            (json!({ "type": "polynomial", "power": -1 }), "power", "above 0"),
            (json!({ "type": "polynomial", "power": 0 }), "power", "above 0"),
            (json!({ "type": "polynomial", "epochs": -3 }), "epochs", "above 0"),
            (
                json!({ "type": "constant", "factor": -1, "epochs": 2 }),
                "factor",
                "above 0 and at most 1",
            ),
            (json!({ "type": "constant", "factor": 0.5 }), "factor", "the `epochs` it is for"),
            (json!({ "type": "constant", "epochs": 5 }), "epochs", "a `factor` below 1"),
            (json!({ "type": "one_cycle", "div": 0 }), "div", "1 or more"),
            (json!({ "type": "one_cycle", "div": -25 }), "div", "1 or more"),
            (json!({ "type": "one_cycle", "final_div": 0 }), "final_div", "1 or more"),
            (json!({ "type": "one_cycle", "warmup": 1 }), "warmup", "from 0 to below 1"),
            (json!({ "type": "one_cycle", "max_lr": 0 }), "max_lr", "above 0"),
            (
                json!({ "type": "one_cycle", "momentum": [0.9, 1.0] }),
                "momentum",
                "from 0 to below 1",
            ),
            (
                json!({ "type": "one_cycle", "momentum": [0.95, 0.85] }),
                "momentum",
                "the smaller one first, where the rate is highest",
            ),
            (json!({ "type": "cyclic", "up": 0 }), "up", "above 0"),
            (json!({ "type": "cyclic", "down": 0 }), "down", "above 0"),
            (json!({ "type": "cyclic", "min_lr": 0.2 }), "min_lr", "below the rate, 0.1"),
            (
                json!({ "type": "cyclic", "min_lr": 0.2, "max_lr": 0.2 }),
                "min_lr",
                "below `max_lr`, 0.2",
            ),
            (
                json!({ "type": "cyclic", "mode": "exponential", "gamma": 1.5 }),
                "gamma",
                "above 0 and at most 1",
            ),
            (
                json!({ "type": "cyclic", "gamma": 0.9 }),
                "gamma",
                "mode = \"exponential\" beside it",
            ),
            (json!({ "type": "reduce_on_plateau", "factor": 1 }), "factor", falls),
            (json!({ "type": "reduce_on_plateau", "factor": -1 }), "factor", falls),
            (
                json!({ "type": "reduce_on_plateau", "threshold": -1 }),
                "threshold",
                "from 0 to below 1",
            ),
            // In this run.
            (json!({ "type": "cosine", "min_lr": 0.1 }), "min_lr", "below the rate, 0.1"),
            (json!({ "type": "cosine_restarts", "min_lr": 0.5 }), "min_lr", "below the rate, 0.1"),
            (
                json!({ "type": "reduce_on_plateau", "min_lr": 0.5 }),
                "min_lr",
                "below the rate, 0.1",
            ),
            (json!({ "type": "step", "every": 10 }), "every", "fewer than the 10 epochs there are"),
            (
                json!({ "type": "multi_step", "milestones": [5, 10] }),
                "milestones",
                "fewer than the 10 epochs there are",
            ),
            (
                json!({ "type": "polynomial", "epochs": 5 }),
                "epochs",
                "10 epochs or more, all there are",
            ),
            (
                json!({ "type": "linear", "epochs": 5 }),
                "epochs",
                "10 epochs or more, all there are",
            ),
            (json!({ "type": "linear", "epochs": 1e9 }), "epochs", "at most 10000"),
            (json!({ "type": "cosine", "epochs": 1e9 }), "epochs", "at most 10000"),
            (json!({ "type": "polynomial", "epochs": 1e9 }), "epochs", "at most 10000"),
            (json!({ "type": "cosine_restarts", "epochs": 1e9 }), "epochs", "at most 10000"),
        ] {
            let want = format!("schedule.{name}: {expected}");
            assert_eq!(told(&with_schedule(schedule.clone())), [want], "{schedule}");
        }
    }

    #[test]
    fn schedules_that_work_are_left_alone() {
        for schedule in [
            json!({ "type": "constant" }),
            json!({ "type": "constant", "factor": 0.5, "epochs": 3 }),
            json!({ "type": "step", "every": 0.5, "gamma": 0.9 }),
            json!({ "type": "multi_step", "milestones": [3, 9] }),
            json!({ "type": "exponential" }),
            json!({ "type": "cosine", "epochs": 3, "min_lr": 1e-3 }),
            json!({ "type": "cosine_restarts", "factor": 2 }),
            json!({ "type": "linear", "start": 0, "end": 1 }),
            json!({ "type": "linear", "end": 0.1, "epochs": 2 }),
            json!({ "type": "polynomial", "power": 0.5 }),
            json!({ "type": "one_cycle", "momentum": [0.0, 0.95] }),
            json!({ "type": "one_cycle", "div": 1, "final_div": 1, "warmup": 0 }),
            json!({ "type": "cyclic", "min_lr": 0 }),
            json!({ "type": "cyclic", "mode": "exponential", "gamma": 0.99 }),
            json!({ "type": "reduce_on_plateau", "patience": 0 }),
        ] {
            assert_eq!(told(&with_schedule(schedule.clone())), [""; 0], "{schedule}");
        }
    }

    #[test]
    fn the_rest_of_a_training_is_checked_too() {
        let clip = TrainConfig { clip: Some(Clip::Norm { max: 0.0 }), ..TrainConfig::default() };
        assert_eq!(told(&clip), ["clip.max: 1e-8 or more"]);
        let warmup = Warmup { epochs: 10.0, start: 0.1 };
        let config = TrainConfig { warmup: Some(warmup), ..TrainConfig::default() };
        assert_eq!(told(&config), ["warmup.epochs: fewer than 10 epochs"]);
        let warmup = Some(Warmup { epochs: f64::NAN, start: -1.0 });
        let config = TrainConfig { warmup, ..TrainConfig::default() };
        assert_eq!(told(&config), ["warmup.epochs: 0 or more", "warmup.start: from 0 to 1"]);
        let warmup = Some(Warmup { epochs: 1.0, start: 1.0 });
        let config = TrainConfig { warmup, ..TrainConfig::default() };
        assert_eq!(told(&config), ["warmup.start: below 1: a part of the rate"]);
        let stop = EarlyStopConfig { patience: 0, min_delta: -1.0, ..Default::default() };
        assert_eq!(stop.check().0.len(), 2);
    }
}
