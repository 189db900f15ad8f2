//! Warm-up: small steps at first, while the statistics of optimizer and normalization settle.

use serde::{Deserialize, Serialize};

use super::{PlateauState, Rate, Schedule, Time};

/// A rise along a line from `base·start` to `base`, before the schedule itself begins (Goyal et
/// al. 2017).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Warmup {
    /// How many epochs it lasts; fractions are fine.
    pub epochs: f64,
    /// The fraction of the learning rate at the first step.
    pub start: f64,
}

impl Default for Warmup {
    fn default() -> Self {
        Self { epochs: 1.0, start: 0.1 }
    }
}

impl Warmup {
    /// The rate of the warm-up, or of `schedule` for the rest of the run.
    pub fn rate(&self, schedule: &Schedule, time: Time, base: f64, plateau: &PlateauState) -> Rate {
        let length = (self.epochs * time.steps_per_epoch).round();
        if time.step < length {
            return (base * (self.start + (1.0 - self.start) * time.step / length)).into();
        }
        schedule.rate(time.after(length), base, plateau)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_to_the_schedule_which_then_begins() {
        let (warmup, cosine) =
            (Warmup { epochs: 2.0, start: 0.5 }, Schedule::Cosine(Default::default()));
        let rate = |step| {
            let time = Time::new(step, 4, 40);
            warmup.rate(&cosine, time, 1.0, &PlateauState::default()).learning_rate
        };
        assert_eq!((rate(0), rate(4), rate(8)), (0.5, 0.75, 1.0));
        assert!((rate(24) - 0.5).abs() < 1e-12 && rate(39) < 0.01);
    }
}
