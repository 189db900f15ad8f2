//! Lengths of schedules in optimizer steps.

use glassbox_train::schedule::Schedule;

use super::Checks;
use crate::codes;
use crate::diagnostic::Problem;
use crate::experiment::Experiment;

impl Checks<'_> {
    /// Every part of a schedule lasts a step at least: what is shorter is over before the rate is
    /// asked for, so that a cycle stands still or a rate has fallen to nothing.
    pub fn schedule_lengths(&mut self, experiment: &Experiment) {
        let train = &experiment.train;
        let batches = self.data.split.train.len().div_ceil(train.batch_size.max(1));
        let steps = batches.div_ceil(train.accumulate.max(1));
        if self.recipe.stored || steps == 0 {
            return;
        }
        let shortest = 1.0 / steps as f64;
        let mut lengths: Vec<(&str, f64)> = Vec::new();
        match &train.schedule {
            Schedule::Step(schedule) => lengths.push(("every", schedule.every)),
            Schedule::Cyclic(schedule) => {
                lengths.push(("up", schedule.up));
                lengths.extend(schedule.down.map(|down| ("down", down)));
            }
            Schedule::Cosine(schedule) => lengths.extend(schedule.epochs.map(|e| ("epochs", e))),
            Schedule::CosineRestarts(schedule) => lengths.push(("epochs", schedule.epochs)),
            Schedule::MultiStep(schedule) => {
                let first = schedule.milestones.iter().copied().reduce(f64::min);
                lengths.extend(first.map(|first| ("milestones", first)));
            }
            Schedule::Linear(schedule) => lengths.extend(schedule.epochs.map(|e| ("epochs", e))),
            Schedule::Polynomial(schedule) => {
                lengths.extend(schedule.epochs.map(|e| ("epochs", e)));
            }
            _ => {}
        }
        let lengths = lengths.into_iter().map(|(key, length)| ("train.schedule", key, length));
        let warmup = train.warmup.as_ref().filter(|warmup| warmup.epochs > 0.0);
        let warmup = warmup.map(|warmup| ("train.warmup", "epochs", warmup.epochs));
        for (table, key, length) in lengths.chain(warmup) {
            // A step's share of an epoch is seldom a round number.
            if length < 0.999 * shortest {
                let problem =
                    Problem::new(codes::NO_EFFECT, format!("`{key}` is less than a step"))
                        .expected(format!(
                            "{shortest:.2} epochs or more: an epoch has {steps} steps"
                        ))
                        .found(format!("{length}"))
                        .help(format!("{key} counts epochs"));
                self.push_at(&format!("{table}.{key}"), problem);
            }
        }
    }
}
