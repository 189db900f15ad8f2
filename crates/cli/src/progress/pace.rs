//! How fast training goes and how long it will still take, validation included.

use std::time::{Duration, Instant};

use glassbox_train::{Event, RunInfo, StepView};

/// What a validation batch costs relative to a training step, until one was measured: a forward
/// pass without the backward one.
const VALIDATION_SHARE: f64 = 0.35;
/// How much the newest step counts in the average.
const NEWEST: f64 = 0.05;

/// Measures steps and validations.
#[derive(Debug)]
pub struct Pace {
    info: RunInfo,
    since: Instant,
    step_seconds: Option<f64>,
    samples: f64,
    steps: u64,
    valid_since: Option<Instant>,
    valid_seconds: Option<f64>,
    validations: usize,
}

impl Pace {
    /// The pace of a run that begins or goes on at `now`.
    pub fn new(info: RunInfo, now: Instant) -> Self {
        let validations = info.start_epoch.saturating_sub(1);
        Self {
            steps: info.start_step,
            info,
            since: now,
            step_seconds: None,
            samples: 0.0,
            valid_since: None,
            valid_seconds: None,
            validations,
        }
    }

    /// The facts of the run.
    pub fn info(&self) -> &RunInfo {
        &self.info
    }

    /// Takes note of what happened at `now`.
    pub fn note(&mut self, event: &Event<'_>, now: Instant) {
        match event {
            Event::EpochStart { .. } => self.since = now,
            Event::Step(StepView { report, .. }) => {
                let seconds = (now - self.since).as_secs_f64();
                let average = |old: f64, new: f64| old + NEWEST * (new - old);
                self.samples = match self.step_seconds {
                    None => report.samples as f64,
                    Some(_) => average(self.samples, report.samples as f64),
                };
                self.step_seconds =
                    Some(self.step_seconds.map_or(seconds, |old| average(old, seconds)));
                (self.since, self.steps) = (now, report.step);
            }
            Event::Validation { done, total } => {
                let since = *self.valid_since.get_or_insert(self.since);
                let passed = (now - since).as_secs_f64();
                self.valid_seconds = Some(passed * *total as f64 / (*done).max(1) as f64);
            }
            Event::EpochEnd(report) => {
                (self.valid_since, self.validations) = (None, report.epoch);
            }
            _ => {}
        }
    }

    /// Samples a second.
    pub fn throughput(&self) -> Option<f64> {
        self.step_seconds.filter(|seconds| *seconds > 0.0).map(|seconds| self.samples / seconds)
    }

    /// The time until the last epoch is validated.
    pub fn remaining(&self) -> Option<Duration> {
        let step = self.step_seconds?;
        let total = (self.info.steps_per_epoch as u64).saturating_mul(self.info.epochs as u64);
        let steps = total.saturating_sub(self.steps) as f64;
        let validation = match (self.info.valid_batches, self.valid_seconds) {
            (0, _) => 0.0,
            (_, Some(seconds)) => seconds,
            (batches, None) => batches as f64 * step * VALIDATION_SHARE,
        };
        let validations = self.info.epochs.saturating_sub(self.validations) as f64;
        Duration::try_from_secs_f64(steps * step + validations * validation).ok()
    }
}

#[cfg(test)]
mod tests {
    use glassbox_nn::Sequential;
    use glassbox_tensor::Gradients;
    use glassbox_train::StepReport;

    use super::*;

    fn info() -> RunInfo {
        RunInfo {
            parameters: 1,
            steps_per_epoch: 10,
            epochs: 2,
            train_samples: 100,
            valid_batches: 4,
            start_step: 0,
            start_epoch: 1,
        }
    }

    #[test]
    fn the_remaining_time_includes_validation() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let model = Sequential::input([1]).dense(1).build(0).unwrap();
        let mut pace = Pace::new(info(), start);
        assert_eq!(pace.remaining(), None);
        let mut reports = Vec::new();
        for step in 1..=10u64 {
            let report = StepReport {
                step,
                epoch: 1,
                step_in_epoch: step as usize,
                loss: 1.0,
                samples: 10,
                learning_rate: 0.1,
                gradient_norm: None,
            };
            let (gradients, updates) = (Gradients::default(), &[][..]);
            let view = StepView { report: &report, model: &model, gradients: &gradients, updates };
            pace.note(&Event::Step(&view), at(step as f64));
            reports.push(report);
        }
        // A narrow line has fewer facts, and no part of one.
        let told = |room| crate::progress::plain::facts(&pace, &reports[9], "img", room);
        let whole = told(None);
        assert!(whole.starts_with("loss 1.0000  10 img/s  ETA ") && whole.ends_with("validation"));
        for room in 11..80 {
            let line = told(Some(room));
            let ends = ["1.0000", "img/s", "validation"];
            let clock = line.rsplit(' ').next().is_some_and(|word| word.contains(':'));
            assert!(
                line.len() <= room && (clock || ends.iter().any(|end| line.ends_with(end))),
                "{line}"
            );
        }
        assert_eq!(pace.throughput().map(f64::round), Some(10.0));
        // 10 steps of a second and two validations of 4 batches, guessed at 0.35 s each.
        assert_eq!(pace.remaining().unwrap().as_secs_f64().round(), 13.0);
        pace.note(&Event::Validation { done: 2, total: 4 }, at(13.0));
        // Measured: a validation takes 6 seconds.
        assert_eq!(pace.remaining().unwrap().as_secs_f64().round(), 22.0);
    }
}
