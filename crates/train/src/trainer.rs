//! The training loop: everything that is not the loop itself is an [`Observer`].

use std::time::Duration;

use glassbox_nn::{Cx, Module, RecurrentState, Settings};
use glassbox_tensor::optimize::UpdateNorms;
use glassbox_tensor::{Gradients, denormals};

use self::scoring::evaluation;
use crate::accumulator::Accumulator;
use crate::backpropagation::{Group, Learner};
use crate::clock::{self, Clock};
use crate::config::TrainConfig;
use crate::data::{Batch, Loader};
use crate::event::{EpochReport, Event, Observer, RunInfo, RunReport, StepReport, StopReason};
use crate::optim::Optimizer;
use crate::progress::Progress;
use crate::saved_state::SavedState;
use crate::schedule::{Plan, Rate, Schedule};
use crate::scores::Scores;
use crate::{SeesAnswer, TrainError, carried, compatible};

mod best;
mod divergence;
mod fork;
mod looking;
mod scoring;
mod telling;

pub use self::divergence::Growth;

/// A model with its optimizer and everything that watches its training.
///
/// Two runs with the same configuration, data and seed end with the same bits, whatever the
/// number of threads, and whether or not they were interrupted and resumed.
pub struct Trainer<M> {
    model: M,
    config: TrainConfig,
    optimizer: Optimizer,
    observers: Vec<Box<dyn Observer>>,
    progress: Progress,
    gradients: Gradients,
    /// What recurrent layers carry from batch to batch.
    state: RecurrentState,
    /// A whole state that observers were not given yet, and whether it is the best; `None` within a
    /// step, of which nothing can be resumed.
    unsaved: Option<bool>,
    /// How far the last step moved each parameter, where someone asked for it.
    updates: Vec<UpdateNorms>,
    /// Whether the state was found to be finite since it last changed.
    is_finite: bool,
    clock: Clock,
}

impl<M: Module> Trainer<M> {
    /// A trainer for `model`.
    pub fn new(model: M, config: TrainConfig) -> Self {
        // `fit` tells what cannot work.
        let optimizer = Optimizer::unchecked(config.optimizer.rule());
        let (observers, progress, gradients, state, updates) = Default::default();
        Self {
            model,
            config,
            optimizer,
            observers,
            progress,
            gradients,
            state,
            unsaved: None,
            is_finite: false,
            updates,
            clock: clock::default(),
        }
    }

    /// Adds an observer; observers see events in the order in which they were added.
    #[must_use]
    pub fn observe(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Replaces the optimizer, for rules or parameter groups of your own.
    #[must_use]
    pub fn with_optimizer(mut self, optimizer: Optimizer) -> Self {
        (self.optimizer, self.is_finite) = (optimizer, false);
        self
    }

    /// Replaces the clock: the time since any moment. Durations are told by it, and nothing else.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> Duration + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Resumes from a saved state. Add observers first: they take back what they remember.
    ///
    /// # Errors
    /// When the state belongs to another model or optimizer; the trainer is then as it was.
    pub fn restore(&mut self, state: SavedState) -> Result<(), TrainError> {
        let (progress, observers) = (state.progress.clone(), state.observers.clone());
        let recurrent = state.recurrent.clone();
        state.apply(&mut self.model, &mut self.optimizer)?;
        (self.progress, self.state, self.unsaved) = (progress, recurrent, None);
        self.is_finite = false;
        for (name, value) in &observers {
            self.observers.iter_mut().for_each(|observer| observer.restore(name, value));
        }
        Ok(())
    }

    /// The model as it stands.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The model, to change it or to load weights.
    pub fn model_mut(&mut self) -> &mut M {
        self.is_finite = false;
        &mut self.model
    }

    /// Ends training and gives the model back.
    pub fn into_model(self) -> M {
        self.model
    }

    /// Where training stands.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The scores of the model as it stands on all samples of `loader`: as in validation, with the
    /// state carried from item to item where training is stateful.
    ///
    /// # Errors
    /// When data cannot be read, or does not fit the model.
    pub fn evaluate(&self, loader: &Loader) -> Result<Scores, TrainError> {
        evaluation(&self.config, self.metrics()).run(&self.model, loader)
    }

    /// Compares task, loss, targets and model before anything is computed with them.
    fn check(&self, train: &Loader, valid: Option<&Loader>) -> Result<(), TrainError> {
        let TrainConfig { loss, task, metrics, .. } = &self.config;
        compatible::check_items(train, valid)?;
        compatible::check(&self.model, loss, *task, train)?;
        compatible::check_steps(&self.config, train)?;
        if self.progress.step == 0 {
            compatible::check_head(&self.model, loss, train)?;
        }
        compatible::check_metrics(metrics, *task, train)?;
        for monitor in self.monitors() {
            compatible::check_monitor(monitor, *task, train)?;
        }
        let Some(valid) = valid else { return Ok(()) };
        compatible::check(&self.model, loss, *task, valid)?;
        compatible::check_alike(train, valid)
    }

    /// Trains until the last epoch, or until an observer stops the run.
    ///
    /// # Errors
    /// Before the first step, when a setting cannot work, or task, loss, targets, model and batches
    /// do not fit together: observers then see no event at all.
    /// Later when data cannot be read, an observer fails (a full disk), or the loss or a weight is
    /// no number: observers are then given what was reached, as long as it is finite, and see
    /// [`Event::Failed`], so that nothing of it is lost.
    pub fn fit(&mut self, train: &Loader, valid: Option<&Loader>) -> Result<RunReport, TrainError> {
        let _flush = denormals::flush();
        // Nothing has begun before these pass: observers, and what they keep, are left alone.
        self.check_settings()?;
        self.check(train, valid)?;
        carried::check(&self.model, train, &self.progress, &self.state)?;
        SeesAnswer::check(&self.model, train.dataset())?;
        let outcome = self.run(train, valid);
        if let Err(error) = &outcome {
            self.tell_failure(error);
        }
        outcome
    }

    fn run(&mut self, train: &Loader, valid: Option<&Loader>) -> Result<RunReport, TrainError> {
        let start = (self.clock)();
        self.emit(&Event::RunStart(&self.info(train, valid)))?;
        if self.progress.step == 0 {
            self.show_model()?;
        }
        let mut stopped = None;
        while self.progress.epoch < self.config.epochs && stopped.is_none() {
            stopped = self.epoch(train, valid)?;
        }
        self.save(false, true, train)?;
        if let Some(reason) = &stopped {
            self.emit(&Event::Stopped(reason))?;
        }
        let report = RunReport {
            epochs: self.progress.epoch,
            steps: self.progress.step,
            best: self.progress.best.clone(),
            stopped,
            duration: (self.clock)().saturating_sub(start),
        };
        self.emit(&Event::RunEnd(&report))?;
        Ok(report)
    }

    /// A run that is resumed may keep settings without effect, which it began with.
    fn check_settings(&self) -> Result<(), TrainError> {
        let bad = self.config.check();
        let bad = if self.progress.step > 0 { bad.impossible() } else { bad };
        Ok(bad.into_result()?)
    }

    fn epoch(
        &mut self,
        train: &Loader,
        valid: Option<&Loader>,
    ) -> Result<Option<StopReason>, TrainError> {
        let (start, epoch) = ((self.clock)(), self.progress.epoch);
        self.emit(&Event::EpochStart { epoch: epoch + 1 })?;
        if let Some(reason) = self.steps(train)? {
            return Ok(Some(reason));
        }
        self.check_state(train)?;
        let scores = self.progress.train.scores(self.config.task, train.output_names());
        let valid = valid.map(|loader| self.validate(loader)).transpose()?;
        self.progress.train = Accumulator::default();
        (self.progress.epoch, self.progress.batch) = (epoch + 1, 0);
        self.progress.last_loss = scores.get("loss");
        let best = self.note_best(&scores, valid.as_ref());
        self.unsaved = Some(best);
        self.adapt_rate(&scores, valid.as_ref());
        let report = EpochReport {
            epoch: epoch + 1,
            step: self.progress.step,
            train: scores,
            valid,
            // A run that resumes between its last step and here has made no step yet.
            learning_rate: self.last_rate(),
            best,
            duration: (self.clock)().saturating_sub(start),
        };
        let flow = self.emit(&Event::EpochEnd(&report))?;
        self.show_model()?;
        self.save(best, false, train)?;
        Ok(flow.stop)
    }

    /// The rest of the current epoch's optimizer steps. The last one may use fewer batches than
    /// the others: gradients are never carried into the next epoch.
    fn steps(&mut self, train: &Loader) -> Result<Option<StopReason>, TrainError> {
        let total = train.batches();
        if self.progress.batch == 0 {
            self.progress.train = Accumulator::new(self.metrics());
            self.state.reset();
        }
        let mut batches = train.epoch(self.progress.epoch as u64, self.progress.batch)?;
        while self.progress.batch < total {
            let count = self.config.accumulate.max(1).min(total - self.progress.batch);
            let flow = match self.step(&mut batches, count, train)? {
                Some(report) => self.show_step(&report)?,
                None => self.emit(&Event::Skipped { step: self.progress.step })?,
            };
            if flow.save {
                self.save(false, false, train)?;
            }
            if flow.stop.is_some() {
                return Ok(flow.stop);
            }
        }
        Ok(None)
    }

    /// One optimizer step on the next `count` batches. `None` where none of their items counts (all
    /// are of an ignored class, say): the step then passes without changing anything.
    fn step(
        &mut self,
        batches: &mut dyn Iterator<Item = Result<Batch, crate::DataError>>,
        count: usize,
        train: &Loader,
    ) -> Result<Option<StepReport>, TrainError> {
        let batches_in_epoch = train.batches();
        let rate = self.rate(batches_in_epoch);
        self.gradients.clear();
        let (mut samples, is_first) = (0, self.is_first());
        let micro_step = (self.progress.epoch * batches_in_epoch + self.progress.batch) as u64;
        let look = self.look();
        let cx = Cx::train(self.config.seed, micro_step);
        let mut cx = cx.with_precision(self.config.precision);
        if let Some(probe) = look.probe {
            cx = cx.with_probe(probe);
        }
        let mut group = Group::new(&self.config, train.target_units(), count);
        for batch in batches.take(count) {
            let batch = batch.inspect_err(|_| cx.discard())?;
            self.unsaved = None;
            let state = self.config.stateful.then_some(&mut self.state);
            let (gradients, sums) = (&mut self.gradients, &mut self.progress.train);
            let learner = Learner { model: &self.model, cx: &mut cx, gradients, sums };
            group.add(learner, &batch, state).map_err(|value| {
                cx.discard();
                self.not_finite(value, &batch, train)
            })?;
            self.progress.batch += 1;
            samples += batch.inputs.dims()[0];
        }
        let Some(loss) = group.finish(&self.model, &mut self.gradients) else {
            cx.discard();
            self.progress.step += 1;
            self.unsaved = Some(false);
            return Ok(None);
        };
        let clip = self.config.clip.as_ref();
        let norm = clip.map(|clip| clip.apply(&self.model, &mut self.gradients));
        self.optimizer.set_learning_rate(rate.learning_rate);
        if let Some(momentum) = rate.momentum {
            self.optimizer.set_momentum(momentum);
        }
        self.is_finite = false;
        let updates = look.updates.then_some(&mut self.updates);
        self.optimizer.step_watched(&mut self.model, &self.gradients, &mut cx, updates);
        if is_first {
            self.progress.first_loss = Some(loss);
        }
        self.progress.learning_rate = Some(rate.learning_rate);
        self.progress.step += 1;
        self.unsaved = Some(false);
        Ok(Some(StepReport {
            step: self.progress.step,
            epoch: self.progress.epoch + 1,
            step_in_epoch: self.progress.batch.div_ceil(self.config.accumulate.max(1)),
            loss,
            samples,
            learning_rate: rate.learning_rate,
            gradient_norm: norm.flatten(),
        }))
    }

    /// Whether nothing was learned yet, whatever steps passed. (States of earlier versions have no
    /// first loss.)
    fn is_first(&self) -> bool {
        let Progress { first_loss, last_loss, best, .. } = &self.progress;
        let none_before = first_loss.is_none() && last_loss.is_none() && best.is_none();
        none_before && self.optimizer.is_fresh()
    }

    /// The rate of the next step. Steps are counted by epochs and batches, so that a batch size
    /// that was changed on the way does not move the schedule.
    fn rate(&self, batches_in_epoch: usize) -> Rate {
        let accumulate = self.config.accumulate.max(1);
        let steps_per_epoch = batches_in_epoch.div_ceil(accumulate);
        let plan = Plan::new(&self.config, steps_per_epoch);
        let step = self.progress.epoch * steps_per_epoch + self.progress.batch.div_ceil(accumulate);
        plan.rate(step as u64, &self.progress.plateau)
    }

    fn last_rate(&self) -> f64 {
        self.progress.learning_rate.unwrap_or_else(|| self.optimizer.learning_rate())
    }

    /// Lets a schedule that follows scores see those of the epoch.
    fn adapt_rate(&mut self, train: &Scores, valid: Option<&Scores>) {
        let Schedule::ReduceOnPlateau(schedule) = &self.config.schedule else { return };
        if let Some((_, score)) = schedule.metric.value(train, valid) {
            let base = self.config.optimizer.learning_rate();
            schedule.epoch_end(&mut self.progress.plateau, score, base);
        }
    }

    fn validate(&mut self, loader: &Loader) -> Result<Scores, TrainError> {
        let metrics = self.metrics();
        let Self { model, config, observers, .. } = self;
        evaluation(config, metrics).run_with(model, loader, |done, total| {
            telling::show(observers, &Event::Validation { done, total }).map(|_| ())
        })
    }

    fn info(&self, train: &Loader, valid: Option<&Loader>) -> RunInfo {
        RunInfo {
            parameters: glassbox_nn::parameter_count(&self.model),
            steps_per_epoch: train.batches().div_ceil(self.config.accumulate.max(1)),
            epochs: self.config.epochs,
            train_samples: train.samples(),
            valid_batches: valid.map_or(0, Loader::batches),
            start_step: self.progress.step,
            start_epoch: self.progress.epoch + 1,
        }
    }
}
