//! The learning rate of every step of a run: schedule, warm-up and the epochs they run over.

use serde::{Deserialize, Serialize};

use super::{PlateauState, Rate, Schedule, Time, Warmup};
use crate::config::TrainConfig;

/// The epochs over which a schedule runs, where these are not all epochs of the run. Beyond them
/// the last rate of a schedule that spans a run is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSpan {
    /// Epochs trained before the schedule begins.
    #[serde(default)]
    pub from: usize,
    /// The epochs it lasts.
    pub epochs: usize,
}

impl Schedule {
    /// Whether its shape depends on how many epochs the run has: training longer then changes
    /// every rate.
    pub fn spans_the_run(&self) -> bool {
        match self {
            Self::OneCycle(_) => true,
            Self::Cosine(cosine) => cosine.epochs.is_none(),
            Self::Linear(linear) => linear.epochs.is_none(),
            Self::Polynomial(polynomial) => polynomial.epochs.is_none(),
            _ => false,
        }
    }

    /// The name of its type, as recipes write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Constant(_) => "constant",
            Self::Step(_) => "step",
            Self::MultiStep(_) => "multi_step",
            Self::Exponential(_) => "exponential",
            Self::Cosine(_) => "cosine",
            Self::CosineRestarts(_) => "cosine_restarts",
            Self::Linear(_) => "linear",
            Self::Polynomial(_) => "polynomial",
            Self::OneCycle(_) => "one_cycle",
            Self::Cyclic(_) => "cyclic",
            Self::ReduceOnPlateau(_) => "reduce_on_plateau",
        }
    }
}

/// What decides the learning rate of a step.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// How the rate changes.
    pub schedule: &'a Schedule,
    /// A rise before the schedule.
    pub warmup: Option<&'a Warmup>,
    /// The optimizer's learning rate.
    pub base: f64,
    /// The epochs over which the schedule runs.
    pub span: ScheduleSpan,
    /// Optimizer steps in an epoch.
    pub steps_per_epoch: usize,
}

impl<'a> Plan<'a> {
    /// The plan of a training of `steps_per_epoch` optimizer steps an epoch.
    pub fn new(config: &'a TrainConfig, steps_per_epoch: usize) -> Self {
        let all = ScheduleSpan { from: 0, epochs: config.epochs };
        Self {
            schedule: &config.schedule,
            warmup: config.warmup.as_ref(),
            base: config.optimizer.learning_rate(),
            span: config.schedule_span.unwrap_or(all),
            steps_per_epoch,
        }
    }

    /// The rate of the step before which `step` steps were made.
    pub fn rate(&self, step: u64, plateau: &PlateauState) -> Rate {
        let per_epoch = self.steps_per_epoch as u64;
        let total = self.span.epochs as u64 * per_epoch;
        let mut step = step.saturating_sub(self.span.from as u64 * per_epoch);
        if self.schedule.spans_the_run() {
            step = step.min(total.saturating_sub(1));
        }
        let time = Time::new(step, per_epoch, total);
        match self.warmup {
            Some(warmup) => warmup.rate(self.schedule, time, self.base, plateau),
            None => self.schedule.rate(time, self.base, plateau),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cosine, Linear, Step};
    use super::*;

    fn rates(schedule: &Schedule, span: ScheduleSpan, epochs: std::ops::Range<u64>) -> Vec<f64> {
        let plan = Plan { schedule, warmup: None, base: 1.0, span, steps_per_epoch: 10 };
        epochs.map(|epoch| plan.rate(10 * epoch, &PlateauState::default()).learning_rate).collect()
    }

    #[test]
    fn a_span_begins_later_and_holds_its_last_rate() {
        let linear = Schedule::Linear(Linear::default());
        let whole = ScheduleSpan { from: 0, epochs: 4 };
        assert_eq!(rates(&linear, whole, 0..4), [1.0, 0.75, 0.5, 0.25]);
        // The last of 40 steps has 1 - 39/40, which is held.
        let held = rates(&linear, whole, 4..6);
        assert!(held.iter().all(|rate| (rate - 0.025).abs() < 1e-12), "{held:?}");
        let again = ScheduleSpan { from: 4, epochs: 2 };
        assert_eq!(rates(&linear, again, 4..6), [1.0, 0.5]);
    }

    #[test]
    fn schedules_with_lengths_of_their_own_are_not_held() {
        let step = Schedule::Step(Step { every: 2.0, gamma: 0.5 });
        let short = ScheduleSpan { from: 0, epochs: 2 };
        assert_eq!(rates(&step, short, 0..5), [1.0, 1.0, 0.5, 0.5, 0.25]);
        assert!(!step.spans_the_run());
        let cosine = |epochs| Schedule::Cosine(Cosine { epochs, ..Cosine::default() });
        assert!(cosine(None).spans_the_run() && !cosine(Some(3.0)).spans_the_run());
        assert_eq!(cosine(None).name(), "cosine");
    }
}
