//! Made-up data with known answers, to try things on.

use std::f32::consts::{PI, TAU};

use glassbox_tensor::Rng;
use glassbox_train::data::error::{DataError, DataErrorCode};
use glassbox_train::data::{Dataset, Feature, InputStore, Targets};
use serde::{Deserialize, Serialize};

use super::{InputReader, Loaded, sequences};
use crate::files::MAX_BYTES;

/// Points or sequences of a pattern, a function of the seed. Classes take turns, so that all are
/// equally frequent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyntheticConfig {
    /// What the points or sequences look like.
    pub pattern: Pattern,
    /// How many of them.
    pub samples: usize,
    /// The standard deviation of what is added to the coordinates (to the target in `friedman`, to
    /// the values seen in `sine`); there is none in `adding` and `copy`.
    pub noise: f32,
    /// How many classes: any number for blobs, circles (2) and spirals (3); 2 for moons and xor.
    pub classes: Option<usize>,
    /// The steps of a sequence: of adding (200) and sine (50), and from the symbols to the sign to
    /// go in copy (100).
    pub length: Option<usize>,
    /// Decides the points or sequences.
    pub seed: u64,
}

impl Default for SyntheticConfig {
    fn default() -> Self {
        let (pattern, samples, noise) = (Pattern::default(), 1000, 0.1);
        Self { pattern, samples, noise, classes: None, length: None, seed: 0 }
    }
}

/// What synthetic points or sequences look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// A cloud for each class, around places on the unit circle.
    Blobs,
    /// A ring for each class, one around the other.
    Circles,
    /// Two half moons, one reaching into the other.
    Moons,
    /// An arm for each class, winding outwards once.
    #[default]
    Spirals,
    /// The class says whether the two coordinates have the same sign.
    Xor,
    /// A regression of ten features, of which five matter:
    /// `y = 10 sin(π x₀ x₁) + 20 (x₂ − ½)² + 10 x₃ + 5 x₄ + noise`, all uniform in 0 to 1
    /// (Friedman 1991, "Multivariate Adaptive Regression Splines").
    Friedman,
    /// Sequences of numbers, of which the two that are marked are to be added (Hochreiter and
    /// Schmidhuber 1997, "Long Short-Term Memory"). Predicting the mean has an error of 1/6.
    Adding,
    /// Ten symbols to remember over a long blank, and to repeat (Arjovsky, Shah and Bengio 2016,
    /// "Unitary Evolution Recurrent Neural Networks").
    Copy,
    /// Noisy sines of different periods, of which the next value is to be predicted.
    Sine,
}

const FRIEDMAN_FEATURES: usize = 10;

impl SyntheticConfig {
    /// Makes the points.
    ///
    /// # Errors
    /// When a setting is out of range.
    pub fn load(&self) -> Result<Loaded, DataError> {
        let classes = self.check()?;
        let (samples, seed) = (self.samples, self.seed);
        let dataset = match (self.pattern, self.steps()?) {
            (Pattern::Adding, steps) => sequences::adding(samples, steps, seed)?,
            (Pattern::Copy, steps) => sequences::copy(samples, steps, seed)?,
            (Pattern::Sine, steps) => sequences::sine(samples, steps, self.noise, seed)?,
            _ => self.points(classes)?,
        };
        Ok(Loaded::new(dataset, InputReader::None, Vec::new()))
    }

    fn points(&self, classes: usize) -> Result<Dataset, DataError> {
        let (mut inputs, mut values, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..self.samples {
            let rng = &mut Rng::new(self.seed).fork(index as u64);
            if self.pattern == Pattern::Friedman {
                let x: [f32; FRIEDMAN_FEATURES] = std::array::from_fn(|_| rng.uniform());
                inputs.extend(x);
                values.push(f64::from(friedman(&x) + self.noise * rng.normal()));
                continue;
            }
            let class = index % classes;
            let (x, y) = self.point(class, classes, rng);
            inputs.extend([x + self.noise * rng.normal(), y + self.noise * rng.normal()]);
            labels.push(class as i32);
        }
        let targets = match self.pattern {
            Pattern::Friedman => Targets::Values { values, width: 1, names: vec!["y".into()] },
            _ => Targets::Classes { labels, names: (0..classes).map(|c| c.to_string()).collect() },
        };
        let width = inputs.len() / self.samples;
        let features = (0..width).map(|i| Feature { name: format!("x{i}"), one_hot: false });
        let dataset = Dataset::new(self.name(), [width], InputStore::F32(inputs), targets)?;
        Ok(dataset.with_features(features.collect()))
    }

    fn point(&self, class: usize, classes: usize, rng: &mut Rng) -> (f32, f32) {
        let share = class as f32 / classes as f32;
        let polar = |radius: f32, angle: f32| (radius * angle.cos(), radius * angle.sin());
        match self.pattern {
            Pattern::Blobs => polar(1.0, share * TAU),
            Pattern::Circles => polar((class + 1) as f32 / classes as f32, rng.range(0.0, TAU)),
            Pattern::Moons => {
                let (x, y) = polar(1.0, rng.range(0.0, PI));
                if class == 0 { (x, y) } else { (1.0 - x, 0.5 - y) }
            }
            Pattern::Xor => {
                let (x, y) = (rng.uniform(), rng.range(-1.0, 1.0));
                let same = x.copysign(if class == 0 { y } else { -y });
                (same, y)
            }
            // One turn, evenly along the radius.
            _ => {
                let radius = rng.uniform();
                polar(radius, (share + radius) * TAU)
            }
        }
    }

    fn name(&self) -> &'static str {
        match self.pattern {
            Pattern::Blobs => "blobs",
            Pattern::Circles => "circles",
            Pattern::Moons => "moons",
            Pattern::Spirals => "spirals",
            Pattern::Xor => "xor",
            Pattern::Friedman => "friedman",
            Pattern::Adding => "adding",
            Pattern::Copy => "copy",
            Pattern::Sine => "sine",
        }
    }

    /// The steps of a sequence; 1 for points.
    fn steps(&self) -> Result<usize, DataError> {
        const MOST: usize = 100_000;
        let (default, least) = match self.pattern {
            Pattern::Adding => (200, 2),
            Pattern::Copy => (100, 1),
            Pattern::Sine => (50, 2),
            _ => (1, 1),
        };
        let steps = self.length.unwrap_or(default);
        let error =
            DataError::new(DataErrorCode::Source, "`length` of the synthetic data is impossible");
        let is_sequence = default > 1;
        if !is_sequence && self.length.is_some() {
            return Err(error
                .expected(format!("none: {} are points, not sequences", self.name()))
                .found(steps));
        }
        if !(least..=MOST).contains(&steps) {
            return Err(error.expected(format!("{least} to 100,000")).found(steps));
        }
        if self.samples as u64 * steps as u64 * 8 > MAX_BYTES {
            return Err(DataError::new(DataErrorCode::TooLarge, "the sequences are too large")
                .expected(format!("at most {MAX_BYTES} bytes in memory"))
                .found(format!("{} sequences of {steps} steps", self.samples))
                .help("lower `samples` or `length`"));
        }
        Ok(steps)
    }

    /// The number of classes; 1 for a regression.
    fn check(&self) -> Result<usize, DataError> {
        let bad = |name: &str, expected: &str, found: String| {
            let message = format!("`{name}` of the synthetic data is impossible");
            Err(DataError::new(DataErrorCode::Source, message).expected(expected).found(found))
        };
        let (default, classes, expected) = match self.pattern {
            Pattern::Blobs | Pattern::Spirals => (3, 2..=1000, "2 to 1000"),
            Pattern::Circles => (2, 2..=1000, "2 to 1000"),
            Pattern::Moons | Pattern::Xor => (2, 2..=2, "2"),
            Pattern::Friedman | Pattern::Adding | Pattern::Sine => {
                (1, 1..=1, "none: it is a regression")
            }
            Pattern::Copy => (1, 1..=1, "none: every symbol is a class"),
        };
        let count = self.classes.unwrap_or(default);
        if !classes.contains(&count) {
            return bad("classes", expected, count.to_string());
        }
        if !(count.max(2)..=10_000_000).contains(&self.samples) {
            return bad("samples", "one for each class, to 10,000,000", self.samples.to_string());
        }
        if !(0.0..=100.0).contains(&self.noise) {
            return bad("noise", "0 to 100", self.noise.to_string());
        }
        Ok(count)
    }
}

fn friedman(x: &[f32; FRIEDMAN_FEATURES]) -> f32 {
    10.0 * (PI * x[0] * x[1]).sin() + 20.0 * (x[2] - 0.5).powi(2) + 10.0 * x[3] + 5.0 * x[4]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(pattern: Pattern, noise: f32) -> Dataset {
        SyntheticConfig { pattern, noise, samples: 600, ..Default::default() }
            .load()
            .unwrap()
            .dataset
    }

    #[test]
    fn classes_follow_from_the_coordinates_without_noise() {
        use Pattern::*;
        for pattern in [Blobs, Circles, Moons, Spirals, Xor] {
            let dataset = made(pattern, 0.0);
            let Targets::Classes { labels, names } = dataset.targets() else { panic!("classes") };
            for (index, &label) in labels.iter().enumerate() {
                let mut point = [0.0; 2];
                dataset.write_input(index, &mut point);
                let [x, y] = point;
                let (radius, angle) = (x.hypot(y), y.atan2(x).rem_euclid(TAU));
                let count = names.len() as f32;
                let expected = match pattern {
                    Blobs => (angle / TAU * count).round() % count,
                    Circles => (radius * count).round() - 1.0,
                    Moons => f32::from(!((radius - 1.0).abs() < 1e-4 && y >= 0.0)),
                    Xor => f32::from((x < 0.0) != (y < 0.0)),
                    _ => ((angle / TAU - radius).rem_euclid(1.0) * count).round() % count,
                };
                // At the centre the arms of the spirals meet.
                assert!(expected == label as f32 || radius < 1e-3, "{pattern:?} {point:?} {label}");
            }
        }
    }

    #[test]
    fn friedman_is_a_regression_of_five_of_ten_features() {
        let dataset = made(Pattern::Friedman, 0.0);
        assert_eq!((dataset.item_shape().dims(), dataset.targets().width()), (&[10][..], 1));
        let x = [0.5, 1.0, 1.0, 0.2, 0.4, 9.0, 9.0, 9.0, 9.0, 9.0];
        assert!((friedman(&x) - 19.0).abs() < 1e-5);
    }

    #[test]
    fn the_seed_decides() {
        for pattern in [Pattern::Spirals, Pattern::Adding, Pattern::Copy, Pattern::Sine] {
            let of = |seed| {
                let config = SyntheticConfig { pattern, seed, samples: 50, ..Default::default() };
                config.load().unwrap().dataset.fingerprint()
            };
            assert_eq!(of(1), of(1));
            assert_ne!(of(1), of(2));
        }
    }

    #[test]
    fn impossible_settings_are_refused() {
        let base = SyntheticConfig::default();
        let bad = [
            SyntheticConfig { samples: 1, ..base.clone() },
            SyntheticConfig { samples: usize::MAX, ..base.clone() },
            SyntheticConfig { noise: -1.0, ..base.clone() },
            SyntheticConfig { noise: f32::NAN, ..base.clone() },
            SyntheticConfig { classes: Some(1), ..base.clone() },
            SyntheticConfig { pattern: Pattern::Xor, classes: Some(3), ..base.clone() },
            SyntheticConfig { pattern: Pattern::Xor, length: Some(3), ..base.clone() },
            SyntheticConfig { pattern: Pattern::Adding, length: Some(1), ..base.clone() },
            SyntheticConfig { pattern: Pattern::Adding, length: Some(usize::MAX), ..base.clone() },
            SyntheticConfig { pattern: Pattern::Copy, classes: Some(8), ..base },
        ];
        for config in bad {
            assert_eq!(config.load().unwrap_err().code, DataErrorCode::Source, "{config:?}");
        }
    }
}
