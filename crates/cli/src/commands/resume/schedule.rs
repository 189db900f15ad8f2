//! What becomes of a schedule when a run is resumed with another number of epochs, another schedule
//! or another rate.

use glassbox_recipe::Experiment;
use glassbox_train::schedule::{PlateauState, ScheduleSpan};
use glassbox_train::{Plan, SavedState};

use crate::arguments::ScheduleChoice;
use crate::failure::Failure;
use crate::format::{counted, rate};
use crate::preparation::Preparation;
use crate::session::loader_config;

/// The schedule of the rest of the run.
pub struct Planned {
    /// The epochs over which it runs; none for all.
    pub span: Option<ScheduleSpan>,
    /// What the user is told.
    pub notes: Vec<String>,
    /// Whether it starts again.
    pub restarts: bool,
}

/// Decides over which epochs the schedule runs from here on. A schedule that spans the run is
/// stretched over more epochs than were planned and continued over fewer, unless `asked` says
/// otherwise; one whose lengths are its own changes only when it is asked to restart.
pub fn plan(
    old: &Experiment,
    prepared: &Preparation,
    state: Option<&SavedState>,
    asked: Option<ScheduleChoice>,
) -> Result<Planned, Failure> {
    let train = &prepared.experiment.train;
    let (now, old_epochs) = (train.epochs, old.train.epochs);
    let is_other = train.schedule != old.train.schedule;
    // Another schedule was planned for nothing yet: it runs as if it had always been this one.
    let planned = match train.schedule_span {
        Some(span) => span,
        None if is_other => ScheduleSpan { from: 0, epochs: now },
        None => ScheduleSpan { from: 0, epochs: old_epochs },
    };
    let done = state.map_or(0, |state| state.progress.epoch);
    let spans = train.schedule.spans_the_run();
    let end = planned.from + planned.epochs;
    let restart = ScheduleSpan { from: done, epochs: now.saturating_sub(done).max(1) };
    let stretch =
        ScheduleSpan { from: planned.from, epochs: now.saturating_sub(planned.from).max(1) };
    let rates = Rates::new(old, prepared, state)?;
    let spans_over = Spans { planned, stretch, restart };
    let choice = match asked {
        Some(ScheduleChoice::Restart) => ScheduleChoice::Restart,
        // Its lengths are its own, or nothing has changed: what was chosen before stays.
        _ if !spans || end == now || (asked.is_none() && now == old_epochs) => {
            let span = train.schedule_span.unwrap_or(ScheduleSpan { from: 0, epochs: now });
            let changed = is_other
                || train.warmup != old.train.warmup
                || train.optimizer.learning_rate() != old.train.optimizer.learning_rate();
            let mut notes = Vec::new();
            if changed && state.is_some() {
                notes.push(spans_over.replaced(
                    span,
                    &rates,
                    is_other.then_some(train.schedule.name()),
                ));
            }
            return Ok(Planned { span: train.schedule_span, notes, restarts: false });
        }
        Some(choice) => choice,
        None if now > end => ScheduleChoice::Stretch,
        None => ScheduleChoice::Continue,
    };
    let mut notes = vec![spans_over.told(choice, &rates, train.schedule.name(), (done, now))];
    if asked.is_none() {
        notes.push(format!("  {}", spans_over.others(choice, &rates)));
    }
    let span = spans_over.of(choice);
    let whole = span.from == 0 && span.epochs == now;
    let restarts = choice == ScheduleChoice::Restart;
    Ok(Planned { span: (!whole).then_some(span), notes, restarts })
}

/// The epochs over which a schedule can run from here on.
struct Spans {
    planned: ScheduleSpan,
    stretch: ScheduleSpan,
    restart: ScheduleSpan,
}

impl Spans {
    fn of(&self, choice: ScheduleChoice) -> ScheduleSpan {
        match choice {
            ScheduleChoice::Continue => self.planned,
            ScheduleChoice::Stretch => self.stretch,
            ScheduleChoice::Restart => self.restart,
        }
    }

    /// What becomes of the schedule called `name`, of a run that has `done` epochs of `all`.
    fn told(
        &self,
        choice: ScheduleChoice,
        rates: &Rates<'_>,
        name: &str,
        (done, all): (usize, usize),
    ) -> String {
        let over = |span: ScheduleSpan| match span.from {
            0 => format!("over {}", counted(span.epochs, "epoch")),
            from => format!("over epochs {} to {}", from + 1, from + span.epochs),
        };
        let was = format!("schedule: {name} was planned {}", over(self.planned));
        let next = rate(rates.next(self.of(choice)));
        let change = || format!("the rate goes from {} to {next}", rate(rates.last()));
        match choice {
            ScheduleChoice::Continue if done >= self.planned.from + self.planned.epochs => {
                format!("{was}; it continues at its last rate, {next}, which is held")
            }
            ScheduleChoice::Continue => {
                format!("{was} and continues so: the next rate is {next}, its last one is held")
            }
            ScheduleChoice::Stretch => format!(
                "{was} and is stretched {}: {}, not as in a run of {all} epochs from the beginning",
                over(self.stretch),
                change()
            ),
            ScheduleChoice::Restart => {
                format!("{was} and starts again {}: {}", over(self.restart), change())
            }
        }
    }

    /// The rates around a change; of another schedule, called `name`, also how to begin it here.
    fn replaced(&self, span: ScheduleSpan, rates: &Rates<'_>, name: Option<&str>) -> String {
        let (last, next) = (rate(rates.last()), rate(rates.next(span)));
        let change = format!("the rate goes from {last} to {next}");
        let Some(name) = name else { return format!("schedule: {change}") };
        let restart = rate(rates.next(self.restart));
        let other = match restart == next {
            true => String::new(),
            false => format!("; --schedule restart begins it here, with {restart}"),
        };
        format!("schedule: {name} from here on, as if it had always been: {change}{other}")
    }

    /// The choices beside `choice`, each with its next rate.
    fn others(&self, choice: ScheduleChoice, rates: &Rates<'_>) -> String {
        let choices = [
            (ScheduleChoice::Continue, "--schedule continue trains with"),
            (ScheduleChoice::Stretch, "--schedule stretch with"),
            (ScheduleChoice::Restart, "--schedule restart with"),
        ];
        let others = choices.into_iter().filter(|(other, _)| *other != choice);
        let told = |(other, text)| format!("{text} {}", rate(rates.next(self.of(other))));
        others.map(told).collect::<Vec<_>>().join(", ")
    }
}

/// The learning rates around the place where a run resumes.
struct Rates<'a> {
    plan: Plan<'a>,
    plateau: PlateauState,
    step: u64,
    last: f64,
}

impl<'a> Rates<'a> {
    fn new(
        old: &Experiment,
        prepared: &'a Preparation,
        state: Option<&SavedState>,
    ) -> Result<Self, Failure> {
        let Preparation { experiment, .. } = prepared;
        let train = &experiment.train;
        let progress = state.map(|state| state.progress.clone()).unwrap_or_default();
        let steps_per_epoch = steps_per_epoch(experiment, prepared)?;
        let plan = Plan {
            schedule: &train.schedule,
            warmup: train.warmup.as_ref(),
            base: train.optimizer.learning_rate(),
            span: ScheduleSpan { from: 0, epochs: train.epochs },
            steps_per_epoch,
        };
        let step_of = |steps_per_epoch: usize, accumulate: usize| {
            (progress.epoch * steps_per_epoch + progress.batch.div_ceil(accumulate)) as u64
        };
        let step = step_of(steps_per_epoch, train.accumulate);
        let last = match progress.learning_rate {
            Some(rate) => rate,
            // A run of an earlier version did not note it: that of the recipe as it was, whose
            // epochs may have had other steps.
            None => {
                let steps_per_epoch = self::steps_per_epoch(old, prepared)?;
                let before = step_of(steps_per_epoch, old.train.accumulate).saturating_sub(1);
                let config = old.train_config();
                Plan::new(&config, steps_per_epoch).rate(before, &progress.plateau).learning_rate
            }
        };
        let begins_again = train.schedule != old.train.schedule
            || train.optimizer.learning_rate() != old.train.optimizer.learning_rate();
        let plateau = if begins_again { PlateauState::default() } else { progress.plateau };
        Ok(Self { plan, plateau, step, last })
    }

    /// The rate of the next step under a span.
    fn next(&self, span: ScheduleSpan) -> f64 {
        Plan { span, ..self.plan }.rate(self.step, &self.plateau).learning_rate
    }

    /// The rate of the step before.
    fn last(&self) -> f64 {
        self.last
    }
}

/// Optimizer steps in an epoch of an experiment.
fn steps_per_epoch(experiment: &Experiment, prepared: &Preparation) -> Result<usize, Failure> {
    let loader = prepared.data.train_loader(&experiment.augment, loader_config(experiment))?;
    Ok(loader.batches().div_ceil(experiment.train.accumulate))
}
