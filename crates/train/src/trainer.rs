//! The training loop: everything that is not the loop itself is an [`Observer`].

use std::time::Instant;

use glassbox_nn::{Cx, Module, RecurrentState, Settings};
use glassbox_tensor::{Gradients, denormals};

use crate::accumulator::Accumulator;
use crate::backpropagation::{Group, Learner};
use crate::checkpoint::{SavedState, Snapshot};
use crate::config::TrainConfig;
use crate::data::{Batch, Loader};
use crate::evaluation::Evaluation;
use crate::event::{
    Best, EpochReport, Event, Flow, Observer, RunInfo, RunReport, StepReport, StopReason,
};
use crate::monitor::Monitor;
use crate::optim::Optimizer;
use crate::progress::Progress;
use crate::schedule::{Plan, Rate, Schedule};
use crate::scores::Scores;
use crate::{SeesAnswer, TrainError, carried, compatible};

mod divergence;

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
}

impl<M: Module> Trainer<M> {
    /// A trainer for `model`.
    pub fn new(model: M, config: TrainConfig) -> Self {
        // `fit` tells what cannot work.
        let optimizer = Optimizer::unchecked(config.optimizer.rule());
        let (observers, progress, gradients, state) = Default::default();
        Self { model, config, optimizer, observers, progress, gradients, state }
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
        self.optimizer = optimizer;
        self
    }

    /// Resumes from a saved state. Add observers first: they take back what they remember.
    ///
    /// # Errors
    /// When the state belongs to another model or optimizer.
    pub fn restore(&mut self, state: SavedState) -> Result<(), TrainError> {
        let (progress, observers) = (state.progress.clone(), state.observers.clone());
        self.state = state.recurrent.clone();
        state.apply(&mut self.model, &mut self.optimizer)?;
        self.progress = progress;
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
        evaluation(&self.config).run(&self.model, loader)
    }

    /// Compares task, loss, targets and model before anything is computed with them.
    fn check(&self, train: &Loader, valid: Option<&Loader>) -> Result<(), TrainError> {
        let TrainConfig { loss, task, .. } = &self.config;
        compatible::check_items(train, valid)?;
        compatible::check(&self.model, loss, *task, train)?;
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
    /// no number: observers then see [`Event::Failed`], so that nothing that was reached is lost.
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
        let start = Instant::now();
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
            duration: start.elapsed(),
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
        let (start, epoch) = (Instant::now(), self.progress.epoch);
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
        self.adapt_rate(&scores, valid.as_ref());
        let report = EpochReport {
            epoch: epoch + 1,
            step: self.progress.step,
            train: scores,
            valid,
            learning_rate: self.optimizer.learning_rate(),
            best,
            duration: start.elapsed(),
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
            self.state.reset();
        }
        let mut batches = train.epoch(self.progress.epoch as u64, self.progress.batch)?;
        while self.progress.batch < total {
            let count = self.config.accumulate.max(1).min(total - self.progress.batch);
            let Some(report) = self.step(&mut batches, count, train)? else { continue };
            let flow = self.emit(&Event::Step(&report))?;
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
        let mut samples = 0;
        let micro_step = (self.progress.epoch * batches_in_epoch + self.progress.batch) as u64;
        let cx = Cx::train(self.config.seed, micro_step);
        let mut cx = cx.with_precision(self.config.precision);
        let mut group = Group::new(&self.config, train.target_units(), count);
        for batch in batches.take(count) {
            let batch = batch?;
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
            return Ok(None);
        };
        let clip = self.config.clip.as_ref();
        let norm = clip.map(|clip| clip.apply(&self.model, &mut self.gradients));
        self.optimizer.set_learning_rate(rate.learning_rate);
        if let Some(momentum) = rate.momentum {
            self.optimizer.set_momentum(momentum);
        }
        self.optimizer.step(&mut self.model, &self.gradients, &mut cx);
        if self.progress.first_loss.is_none() && self.progress.step == 0 {
            self.progress.first_loss = Some(loss);
        }
        self.progress.step += 1;
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

    /// The rate of the next step. Steps are counted by epochs and batches, so that a batch size
    /// that was changed on the way does not move the schedule.
    fn rate(&self, batches_in_epoch: usize) -> Rate {
        let accumulate = self.config.accumulate.max(1);
        let steps_per_epoch = batches_in_epoch.div_ceil(accumulate);
        let plan = Plan::new(&self.config, steps_per_epoch);
        let step = self.progress.epoch * steps_per_epoch + self.progress.batch.div_ceil(accumulate);
        plan.rate(step as u64, &self.progress.plateau)
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
        let Self { model, config, observers, .. } = self;
        evaluation(config).run_with(model, loader, |done, total| {
            show(observers, &Event::Validation { done, total }).map(|_| ())
        })
    }

    /// The score that decides which weights are the best, and its value. Where it is undefined, as
    /// R² of a single item, the loss of the same set decides.
    fn monitored(&self, train: &Scores, valid: Option<&Scores>) -> Option<(Monitor, f64)> {
        let watched = || self.observers.iter().find_map(|observer| observer.watches().cloned());
        let monitor = self.config.monitor.clone().or_else(watched).unwrap_or_default();
        let set = monitor.metric.split_once('.').map_or("valid", |(set, _)| set);
        let loss = Monitor { metric: format!("{set}.loss") };
        let (metric, value) = (monitor.value(train, valid)).or_else(|| loss.value(train, valid))?;
        Some((Monitor { metric }, value))
    }

    fn note_best(&mut self, train: &Scores, valid: Option<&Scores>) -> bool {
        let Some((monitor, value)) = self.monitored(train, valid) else { return false };
        // Values of another score cannot be compared.
        let before = self.progress.best.as_ref().filter(|best| best.metric == monitor.metric);
        let better = before.is_none_or(|best| monitor.is_better(value, best.value));
        if better {
            let (metric, epoch) = (monitor.metric, self.progress.epoch);
            self.progress.best = Some(Best { metric, value, epoch });
        }
        better
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

    fn save(&mut self, best: bool, last: bool, train: &Loader) -> Result<(), TrainError> {
        self.check_state(train)?;
        let states = self.observers.iter().filter_map(|observer| observer.state());
        let observers = states.map(|(name, value)| (name.to_owned(), value)).collect();
        let (model, optimizer) = (&self.model, &self.optimizer);
        let (progress, recurrent) = (&self.progress, &self.state);
        let snapshot = Snapshot { model, optimizer, progress, recurrent, observers };
        for observer in &mut self.observers {
            observer.on(&Event::Save { snapshot: &snapshot, best, last })?;
        }
        Ok(())
    }

    /// Lets every observer look into the model.
    fn show_model(&mut self) -> Result<(), TrainError> {
        let event = Event::Model { epoch: self.progress.epoch, model: &self.model };
        for observer in &mut self.observers {
            observer.on(&event)?;
        }
        Ok(())
    }

    /// Shows `event` to every observer; the first reason to stop wins.
    fn emit(&mut self, event: &Event<'_>) -> Result<Wishes, TrainError> {
        show(&mut self.observers, event)
    }
}

/// How `config` evaluates.
fn evaluation(config: &TrainConfig) -> Evaluation<'_> {
    let TrainConfig { loss, task, stateful, precision, .. } = config;
    Evaluation::new(loss, *task).stateful(*stateful).with_precision(*precision)
}

fn show(observers: &mut [Box<dyn Observer>], event: &Event<'_>) -> Result<Wishes, TrainError> {
    let mut wishes = Wishes::default();
    for observer in observers {
        match observer.on(event)? {
            Flow::Continue => {}
            Flow::Save => wishes.save = true,
            Flow::Stop(reason) => wishes.stop = wishes.stop.or(Some(reason)),
        }
    }
    Ok(wishes)
}

/// What the observers of one event want.
#[derive(Default)]
struct Wishes {
    save: bool,
    stop: Option<StopReason>,
}
