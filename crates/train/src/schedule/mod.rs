//! Learning-rate schedules: how the learning rate changes over a run. One file each.
//!
//! A schedule is a pure function of where the run stands, so that a resumed run needs no memory
//! of it; only reduce-on-plateau, which follows the scores, has a [`PlateauState`].

mod constant;
mod cosine;
mod cosine_restarts;
mod cyclic;
mod exponential;
mod linear;
mod multi_step;
mod one_cycle;
mod plan;
mod polynomial;
mod reduce_on_plateau;
mod settings;
mod step;
mod warmup;

use serde::{Deserialize, Serialize};

use crate::monitor::Monitor;

pub use constant::Constant;
pub use cosine::Cosine;
pub use cosine_restarts::CosineRestarts;
pub use cyclic::{Cyclic, CyclicMode};
pub use exponential::Exponential;
pub use linear::Linear;
pub use multi_step::MultiStep;
pub use one_cycle::{Anneal, OneCycle};
pub use plan::{Plan, ScheduleSpan};
pub use polynomial::Polynomial;
pub use reduce_on_plateau::{PlateauState, ReduceOnPlateau, ThresholdMode};
pub(crate) use settings::Span;
pub use step::Step;
pub use warmup::Warmup;

/// Where a run stands: before which optimizer step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Time {
    /// Steps made so far.
    pub step: f64,
    /// Steps in an epoch.
    pub steps_per_epoch: f64,
    /// Steps in the whole run.
    pub total_steps: f64,
}

impl Time {
    /// Before step `step` (from 0) of `total_steps`.
    pub fn new(step: u64, steps_per_epoch: u64, total_steps: u64) -> Self {
        Self {
            step: step as f64,
            steps_per_epoch: steps_per_epoch.max(1) as f64,
            total_steps: total_steps as f64,
        }
    }

    /// Epochs so far, with the fraction of the current one.
    pub fn epochs(self) -> f64 {
        self.step / self.steps_per_epoch
    }

    /// Epochs completed.
    pub fn whole_epochs(self) -> f64 {
        self.epochs().floor()
    }

    /// Epochs in the whole run.
    pub fn total_epochs(self) -> f64 {
        self.total_steps / self.steps_per_epoch
    }

    /// The same run without its first `steps` steps.
    fn after(self, steps: f64) -> Self {
        Self { step: self.step - steps, total_steps: self.total_steps - steps, ..self }
    }
}

/// What a schedule says for one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The learning rate.
    pub learning_rate: f64,
    /// The momentum, where the schedule moves it too.
    pub momentum: Option<f64>,
}

impl From<f64> for Rate {
    fn from(learning_rate: f64) -> Self {
        Self { learning_rate, momentum: None }
    }
}

/// How the learning rate changes over a run. Lengths are in epochs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Schedule {
    /// No change, or a constant fraction at first.
    Constant(Constant),
    /// Falls by a factor every few epochs.
    Step(Step),
    /// Falls by a factor at given epochs.
    MultiStep(MultiStep),
    /// Falls by a factor every epoch.
    Exponential(Exponential),
    /// Falls along half a cosine.
    Cosine(Cosine),
    /// Cosine, starting over again and again.
    CosineRestarts(CosineRestarts),
    /// Moves along a line, then stays.
    Linear(Linear),
    /// Falls to zero along a power of the remaining time.
    Polynomial(Polynomial),
    /// Rises, then falls far below where it began.
    OneCycle(OneCycle),
    /// Rises and falls again and again.
    Cyclic(Cyclic),
    /// Falls when a score stops improving.
    ReduceOnPlateau(ReduceOnPlateau),
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Constant(Constant::default())
    }
}

impl Schedule {
    /// The type names that recipes can use.
    pub const TYPES: &'static [&'static str] = &[
        "constant",
        "step",
        "multi_step",
        "exponential",
        "cosine",
        "cosine_restarts",
        "linear",
        "polynomial",
        "one_cycle",
        "cyclic",
        "reduce_on_plateau",
    ];

    /// The score that the schedule follows, where it follows one.
    pub fn watches(&self) -> Option<&Monitor> {
        match self {
            Self::ReduceOnPlateau(schedule) => Some(&schedule.metric),
            _ => None,
        }
    }

    /// The default settings of the schedule called `name`.
    pub fn default_of(name: &str) -> Option<Self> {
        Some(match name {
            "constant" => Self::Constant(Default::default()),
            "step" => Self::Step(Default::default()),
            "multi_step" => Self::MultiStep(Default::default()),
            "exponential" => Self::Exponential(Default::default()),
            "cosine" => Self::Cosine(Default::default()),
            "cosine_restarts" => Self::CosineRestarts(Default::default()),
            "linear" => Self::Linear(Default::default()),
            "polynomial" => Self::Polynomial(Default::default()),
            "one_cycle" => Self::OneCycle(Default::default()),
            "cyclic" => Self::Cyclic(Default::default()),
            "reduce_on_plateau" => Self::ReduceOnPlateau(Default::default()),
            _ => return None,
        })
    }

    /// The learning rate (and momentum) of the step before which `time` stands, for an optimizer
    /// configured with the learning rate `base`.
    pub fn rate(&self, time: Time, base: f64, plateau: &PlateauState) -> Rate {
        match self {
            Self::Constant(schedule) => schedule.rate(time, base).into(),
            Self::Step(schedule) => schedule.rate(time, base).into(),
            Self::MultiStep(schedule) => schedule.rate(time, base).into(),
            Self::Exponential(schedule) => schedule.rate(time, base).into(),
            Self::Cosine(schedule) => schedule.rate(time, base).into(),
            Self::CosineRestarts(schedule) => schedule.rate(time, base).into(),
            Self::Linear(schedule) => schedule.rate(time, base).into(),
            Self::Polynomial(schedule) => schedule.rate(time, base).into(),
            Self::OneCycle(schedule) => schedule.rate(time, base),
            Self::Cyclic(schedule) => schedule.rate(time, base),
            Self::ReduceOnPlateau(_) => plateau.learning_rate.unwrap_or(base).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rates at the start of each epoch, ten steps each.
    fn epochs(schedule: &Schedule, count: u64) -> Vec<f64> {
        let at = |epoch| Time::new(10 * epoch, 10, 10 * count);
        let rate = |epoch| schedule.rate(at(epoch), 1.0, &PlateauState::default());
        (0..count).map(|epoch| rate(epoch).learning_rate).collect()
    }

    fn close(got: &[f64], want: &[f64]) {
        assert_eq!(got.len(), want.len());
        let near = got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-12);
        assert!(near, "{got:?}, expected {want:?}");
    }

    #[test]
    fn every_type_has_a_default_that_round_trips() {
        for name in Schedule::TYPES {
            let schedule = Schedule::default_of(name).unwrap();
            let json = serde_json::to_value(&schedule).unwrap();
            assert_eq!(json["type"], **name);
            assert_eq!(serde_json::from_value::<Schedule>(json).unwrap(), schedule);
        }
    }

    #[test]
    fn lengths_are_in_epochs() {
        let step = Schedule::Step(Step { every: 2.0, gamma: 0.1 });
        close(&epochs(&step, 5), &[1.0, 1.0, 0.1, 0.1, 0.01]);
        let cosine = Schedule::Cosine(Cosine::default());
        close(&epochs(&cosine, 4)[..3], &[1.0, 0.5 + 0.125f64.sqrt(), 0.5]);
        let halves = Schedule::Exponential(Exponential { gamma: 0.5 });
        close(&epochs(&halves, 3), &[1.0, 0.5, 0.25]);
    }

    #[test]
    fn one_cycle_spans_the_run() {
        let cycle = Schedule::OneCycle(OneCycle { warmup: 0.5, ..OneCycle::default() });
        let rate = |step| cycle.rate(Time::new(step, 10, 100), 0.5, &PlateauState::default());
        assert!((rate(0).learning_rate - 0.02).abs() < 1e-12);
        assert!((rate(49).learning_rate - 0.5).abs() < 1e-12);
        assert!(rate(99).learning_rate < 1e-5);
        assert_eq!((rate(0).momentum, rate(49).momentum), (Some(0.95), Some(0.85)));
    }
}
