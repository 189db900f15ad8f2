//! What helps against a loss that grows without bound, in the recipe's own keys.

use std::fmt;

use glassbox_tensor::{DType, Tensor};

use crate::data::Batch;
use crate::optim::OptimizerConfig;
use crate::schedule::Schedule;

/// Inputs and targets beyond this are far from what initial weights are made for: normalized ones
/// lie within a few deviations of 0.
const LARGE: f64 = 30.0;

/// What is known of training whose loss grew without bound.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Circumstances {
    /// The largest magnitude among the inputs of a batch, as the model sees them; none for tokens.
    pub inputs: Option<f64>,
    /// The largest magnitude among its numeric targets; none for classes.
    pub targets: Option<f64>,
    /// Whether inputs are normalized.
    pub inputs_normalized: bool,
    /// Whether targets are standardized.
    pub targets_standardized: bool,
    /// The key of the recipe that sets the highest learning rate, and its value.
    pub rate: (&'static str, f64),
    /// Whether gradients are clipped.
    pub clipped: bool,
    /// Whether no update was made yet: then no learning rate is to blame.
    pub untrained: bool,
}

impl Circumstances {
    /// Looks at a batch.
    pub(crate) fn of_batch(batch: &Batch) -> Self {
        let (inputs, targets) = (largest(&batch.inputs), largest(&batch.targets));
        Self { inputs, targets, ..Self::default() }
    }
}

impl Circumstances {
    /// What to set to get further, as `--set` takes it: the scale of the data where it is wrong, for
    /// then no rate is right, else a tenth of the rate. Nothing where no setting helps.
    pub(crate) fn settings(&self) -> Vec<String> {
        if self.has_extremes() {
            return Vec::new();
        }
        let mut scale = Vec::new();
        if large(self.inputs).is_some() && !self.inputs_normalized {
            scale.push("data.normalize=standard".to_owned());
        }
        if large(self.targets).is_some() && !self.targets_standardized {
            scale.push("data.standardize_targets=true".to_owned());
        }
        let (key, rate) = self.rate;
        match (scale.is_empty(), self.untrained) {
            (false, _) => scale,
            (true, true) => Vec::new(),
            (true, false) => vec![format!("{key}={}", round(rate / 10.0))],
        }
    }

    /// Whether the data holds values that are NaN or infinite.
    fn has_extremes(&self) -> bool {
        [self.inputs, self.targets].iter().flatten().any(|value| !value.is_finite())
    }
}

/// A magnitude for which initial weights are not made.
fn large(value: Option<f64>) -> Option<f64> {
    value.filter(|value| *value > LARGE)
}

/// The largest magnitude, NaN if there is one; none of whole numbers.
fn largest(tensor: &Tensor) -> Option<f64> {
    let larger = |largest: f64, value: &f32| match value.is_nan() {
        true => f64::NAN,
        false if largest.is_nan() => largest,
        false => largest.max(f64::from(value.abs())),
    };
    (tensor.dtype() == DType::F32).then(|| tensor.as_slice().iter().fold(0.0, larger))
}

/// The key that sets the highest learning rate, and its value.
pub(crate) fn rate_key(schedule: &Schedule, optimizer: &OptimizerConfig) -> (&'static str, f64) {
    let max = match schedule {
        Schedule::OneCycle(cycle) => cycle.max_lr,
        Schedule::Cyclic(cycle) => cycle.max_lr,
        _ => None,
    };
    match max {
        Some(max) => ("train.schedule.max_lr", max),
        None => ("train.optimizer.lr", optimizer.learning_rate()),
    }
}

/// A number with at most three significant digits, as a person would write it: `0.01`, `2500`,
/// `3.2e8`.
pub(crate) fn round(value: f64) -> String {
    let rounded: f64 = format!("{value:.2e}").parse().unwrap_or(value);
    match rounded.abs() {
        0.0 => "0".into(),
        size if (1e-3..1e6).contains(&size) => format!("{rounded}"),
        _ => format!("{rounded:e}"),
    }
}

impl fmt::Display for Circumstances {
    /// The scale of the data comes first: no rate is right for data of the wrong scale. A batch is
    /// not blamed where its values are ordinary.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut or = "";
        let mut line = |f: &mut fmt::Formatter<'_>, text: String| {
            let outcome = write!(f, "\n  help: {or}{text}");
            or = "or ";
            outcome
        };
        if self.has_extremes() {
            let text =
                "this batch holds values that are NaN or infinite: look for them in the data";
            return line(f, text.into());
        }
        match large(self.inputs) {
            Some(largest) if !self.inputs_normalized => line(
                f,
                format!(
                    "data.normalize = \"standard\": inputs are not normalized and reach {}",
                    round(largest)
                ),
            )?,
            Some(largest) => line(
                f,
                format!(
                    "normalized inputs reach {}, that many deviations from the mean: look for \
                     extreme values in the data",
                    round(largest)
                ),
            )?,
            None => {}
        }
        match large(self.targets) {
            Some(largest) if !self.targets_standardized => line(
                f,
                format!(
                    "data.standardize_targets = true: targets are not standardized and reach {}",
                    round(largest)
                ),
            )?,
            Some(largest) => line(
                f,
                format!("standardized targets reach {}: look for extreme ones", round(largest)),
            )?,
            None => {}
        }
        if self.untrained {
            let text = "no update was made yet, so no learning rate helps: look for a setting that \
                        makes the first loss so large, such as a slope, a class weight or `init`";
            return line(f, text.into());
        }
        let (key, rate) = self.rate;
        let clip = match self.clipped {
            true => "",
            false => ", or train.clip = { type = \"norm\", max = 1.0 }",
        };
        line(f, format!("{key} = {} → {}{clip}", round(rate), round(rate / 10.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordinary() -> Circumstances {
        Circumstances {
            inputs: Some(3.0),
            inputs_normalized: true,
            targets_standardized: true,
            rate: ("train.optimizer.lr", 1000.0),
            ..Default::default()
        }
    }

    #[test]
    fn the_advice_is_an_override() {
        assert_eq!(ordinary().settings(), ["train.optimizer.lr=100"]);
        let rate = ("train.schedule.max_lr", 0.003);
        let cycle = Circumstances { rate, ..ordinary() };
        assert_eq!(cycle.settings(), ["train.schedule.max_lr=3e-4"]);
        assert!(Circumstances { untrained: true, ..ordinary() }.settings().is_empty());
        let nan = Circumstances { inputs: Some(f64::NAN), ..ordinary() };
        assert!(nan.settings().is_empty(), "no setting mends the data");
        // Of data out of scale no rate is right; where it is normalized, outliers may be left.
        let raw = Circumstances { inputs: Some(2020.0), targets: Some(1e5), ..ordinary() };
        assert_eq!(raw.settings(), ["train.optimizer.lr=100"]);
        let raw = Circumstances { inputs_normalized: false, targets_standardized: false, ..raw };
        assert_eq!(raw.settings(), ["data.normalize=standard", "data.standardize_targets=true"]);
    }

    #[test]
    fn numbers_are_round() {
        let numbers = [1000.0, 100.0, 0.01, 1e-3, 1e-4, 0.1 * 0.1 * 0.1, 81.641_158_174, 2e30, 0.0];
        let text: Vec<_> = numbers.map(round).into();
        assert_eq!(text, ["1000", "100", "0.01", "0.001", "1e-4", "0.001", "81.6", "2e30", "0"]);
    }

    #[test]
    fn an_ordinary_batch_is_not_blamed() {
        let text = ordinary().to_string();
        let expected =
            "train.optimizer.lr = 1000 → 100, or train.clip = { type = \"norm\", max = 1.0 }";
        assert_eq!(text.trim(), format!("help: {expected}"));
        let clipped = Circumstances { clipped: true, ..ordinary() }.to_string();
        assert_eq!(clipped.trim(), "help: train.optimizer.lr = 1000 → 100");
    }

    #[test]
    fn no_rate_is_blamed_before_the_first_update() {
        let text = Circumstances { untrained: true, ..ordinary() }.to_string();
        assert!(text.contains("a slope, a class weight") && !text.contains("lr ="), "{text}");
    }

    #[test]
    fn the_scale_of_the_data_comes_first() {
        let raw = Circumstances {
            inputs: Some(2020.0),
            targets: Some(412_345.0),
            inputs_normalized: false,
            targets_standardized: false,
            ..ordinary()
        };
        let text = raw.to_string();
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert!(lines[0].starts_with("  help: data.normalize = \"standard\""), "{text}");
        assert!(lines[0].ends_with("reach 2020"), "{text}");
        assert!(lines[1].starts_with("  help: or data.standardize_targets = true"), "{text}");
        assert!(lines[1].ends_with("reach 412000"), "{text}");
        assert!(lines[2].starts_with("  help: or train.optimizer.lr = 1000 → 100"), "{text}");
        // What is done already is not advised.
        let outlier = Circumstances { inputs: Some(2020.0), ..ordinary() }.to_string();
        assert!(!outlier.contains("data.normalize") && outlier.contains("extreme"), "{outlier}");
    }

    #[test]
    fn nan_in_the_data_is_told_alone() {
        let text = Circumstances { inputs: Some(f64::NAN), ..ordinary() }.to_string();
        assert!(text.contains("look for them in the data") && !text.contains("lr"), "{text}");
        let tensor = Tensor::from_slice(&[1.0, f32::NAN, -3.0], [3]);
        assert!(largest(&tensor).unwrap().is_nan());
        assert_eq!(largest(&Tensor::from_slice(&[1.0, -3.0], [2])), Some(3.0));
        assert_eq!(largest(&Tensor::from_i32(&[7], [1])), None);
    }

    #[test]
    fn the_rate_is_the_key_that_the_recipe_sets() {
        let optimizer = OptimizerConfig::default_of("sgd").unwrap();
        let cycle =
            |max_lr| Schedule::OneCycle(crate::schedule::OneCycle { max_lr, ..Default::default() });
        assert_eq!(rate_key(&cycle(Some(30.0)), &optimizer), ("train.schedule.max_lr", 30.0));
        assert_eq!(rate_key(&cycle(None), &optimizer).0, "train.optimizer.lr");
    }
}
