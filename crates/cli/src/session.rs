//! A training session: a run's folder, the trainer, and everything that watches it.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use glassbox_data::{InputReader, Prepared, Yardstick};
use glassbox_nn::Graph;
use glassbox_recipe::Experiment;
use glassbox_report::Curves;
use glassbox_runs::checkpoint::load_weights;
use glassbox_runs::observers::{Checkpoints, LagLog, MetricsLog, RunStatus, Samples};
use glassbox_runs::{PredictorConfig, RunFolder, RunRecord};
use glassbox_train::data::{LoaderConfig, Part};
use glassbox_train::observers::{EarlyStop, Interrupt};
use glassbox_train::{Growth, RunReport, SavedState, Scores, StopReason, Trainer};

use crate::arguments::Output;
use crate::beginning::{Beginning, Changes};
use crate::failure::Failure;
use crate::progress::{self, Heading, Outcome};
use crate::terminal::complain;
use crate::{interrupt, kept, terminal};

/// Items evaluated together. It changes nothing but speed and memory.
const EVALUATION_BATCH: usize = 256;
/// Items whose gradients are looked at.
const WATCHED_ITEMS: usize = 64;

/// Everything a session needs.
pub struct Session<'a> {
    /// What to train.
    pub experiment: &'a Experiment,
    /// What to train it on.
    pub data: &'a Prepared,
    /// Where everything is kept.
    pub folder: RunFolder,
    /// What `run.json` says.
    pub record: RunRecord,
    /// Where a run that is resumed was.
    pub state: Option<SavedState>,
    /// What a run that resumes changes; none for a new one.
    pub changes: Option<Changes>,
}

/// What training ends with.
struct Trained {
    report: RunReport,
    model: Graph,
    ending: Box<dyn progress::Ending>,
    growth: Option<Growth>,
}

impl Session<'_> {
    /// Trains to the end, evaluates the best weights on the test items, and tells the user what to
    /// do next.
    pub fn run(mut self, output: &Output) -> Result<(), Failure> {
        let (experiment, data, resumes) = (self.experiment, self.data, self.changes.is_some());
        let yardstick = Yardstick::of(data, &experiment.train.loss, experiment.run.task);
        self.record.baseline = yardstick.as_ref().map(|yardstick| yardstick.scores().clone());
        self.record.verdict = None;
        let (folder, record) = (self.folder.clone(), self.record.clone());
        let has_begun = Rc::new(Cell::new(false));
        let trained = self.train(output, yardstick.clone(), has_begun.clone());
        let ended = trained.and_then(|Trained { report, model, ending, growth }| {
            if report.stopped == Some(StopReason::Interrupted) {
                ending.interrupted(&folder, &report);
                return Err(Failure::Interrupted);
            }
            let test = test_scores(experiment, data, &folder, &report, model)?;
            let verdict = verdict(&folder, yardstick.as_ref(), &report)?;
            let (test, verdict) = (test.as_ref(), verdict.as_deref());
            let outcome = Outcome { test, verdict, growth: growth.as_ref() };
            ending.finished(&folder, &report, &outcome);
            Ok(())
        });
        match ended {
            Ok(()) | Err(Failure::Interrupted) => {
                kept::write_report(&folder);
                ended
            }
            // The run is as it was: it can be resumed in another way.
            Err(failure) if resumes && !has_begun.get() => {
                Err(kept::does_not_begin(&folder, failure, output))
            }
            Err(failure) => Err(kept::ends_in_failure(&folder, record, failure, output)),
        }
    }

    fn train(
        self,
        output: &Output,
        yardstick: Option<Yardstick>,
        has_begun: Rc<Cell<bool>>,
    ) -> Result<Trained, Failure> {
        let Self { experiment, data, folder, record, state, changes } = self;
        let model = experiment
            .build_model(data)
            .map_err(|error| Failure::Failed(format!("the model cannot be built: {error}")))?;
        let train = data.train_loader(&experiment.augment, loader_config(experiment))?;
        let valid = match data.split.valid.is_empty() {
            true => None,
            false => Some(data.eval_loader(Part::Valid, EVALUATION_BATCH)),
        };
        let steps_per_epoch = train.batches().div_ceil(experiment.train.accumulate);
        let every = experiment.train.checkpoint_every.map(|every| every.steps(steps_per_epoch));
        let constant = yardstick.as_ref().and_then(Yardstick::train_loss);
        let heading = Heading::new(experiment, data, &folder, yardstick);
        let (watcher, ending) =
            progress::watch(output.progress.unwrap_or_else(terminal::default_progress), heading);
        let flag = interrupt::on_ctrl_c()?;
        let metadata = metadata(experiment, data)?;
        let mut trainer = Trainer::new(model, experiment.train_config())
            .observe(Beginning::new(changes, has_begun))
            .observe(MetricsLog::new(&folder, 1))
            .observe(Checkpoints::new(folder.clone(), every, metadata))
            .observe(RunStatus::new(folder.clone(), record));
        trainer = watched(trainer, experiment, data, &folder)?;
        if let Some(early_stop) = &experiment.train.early_stop {
            trainer = trainer.observe(EarlyStop::new(early_stop.clone()));
        }
        trainer = trainer.observe(Interrupt::new(flag)).observe(watcher);
        if let Some(state) = state {
            trainer.restore(state)?;
        }
        let report = trainer.fit(&train, valid.as_ref())?;
        let growth = trainer.growth(&train, constant);
        warn(&folder, growth.as_ref())?;
        Ok(Trained { report, model: trainer.into_model(), ending, growth })
    }
}

/// Tells that the loss grew all the way, where it did, and notes it in `run.json`: the run came to
/// its end, and yet nothing good came of it.
fn warn(folder: &RunFolder, growth: Option<&Growth>) -> Result<(), Failure> {
    let mut record = folder.record()?;
    let warning = growth.map(|growth| growth.text.clone());
    if record.warning != warning {
        record.warning = warning;
        record.advice = growth.map(|growth| growth.advice.clone());
        folder.write_record(&mut record)?;
    }
    if let Some(growth) = growth {
        complain!("{}", growth.text);
    }
    Ok(())
}

/// The trainer with what the recipe wants to be kept of the run.
fn watched(
    mut trainer: Trainer<Graph>,
    experiment: &Experiment,
    data: &Prepared,
    folder: &RunFolder,
) -> Result<Trainer<Graph>, Failure> {
    if experiment.watch.lags {
        let part = if data.split.valid.is_empty() { Part::Train } else { Part::Valid };
        if let Some(batch) = data.eval_loader(part, WATCHED_ITEMS).epoch(0, 0)?.next() {
            let loss = experiment.train.loss.clone();
            trainer = trainer.observe(LagLog::new(folder, loss, batch?));
        }
    }
    if let (Some(samples), InputReader::Text(vocabulary)) =
        (&experiment.watch.samples, &data.reader)
        && samples.length > 0
    {
        let (vocabulary, samples) = (vocabulary.clone(), samples.clone());
        let seed = experiment.run.seed;
        trainer = trainer.observe(Samples::new(folder.clone(), vocabulary, samples, seed));
    }
    Ok(trainer)
}

/// How batches are made.
pub fn loader_config(experiment: &Experiment) -> LoaderConfig {
    LoaderConfig {
        batch_size: experiment.train.batch_size,
        drop_last: experiment.train.drop_last,
        streams: experiment.train.stateful,
        seed: experiment.run.seed,
        ..LoaderConfig::default()
    }
}

/// What the weight files say about the model, so that they can be used without the data.
fn metadata(experiment: &Experiment, data: &Prepared) -> Result<HashMap<String, String>, Failure> {
    let config = PredictorConfig::new(&experiment.layers, &experiment.train.loss, data);
    Ok(config.with_precision(experiment.train.precision.into()).to_metadata())
}

/// The best weights on the test items; the last, which `model` has, where no epoch was the best one.
/// None when there are no test items.
fn test_scores(
    experiment: &Experiment,
    data: &Prepared,
    folder: &RunFolder,
    report: &RunReport,
    mut model: Graph,
) -> Result<Option<Scores>, Failure> {
    if data.split.test.is_empty() {
        return Ok(None);
    }
    if report.best.is_some() {
        load_weights(&mut model, &folder.best_weights())?;
    }
    let scores = scores_on(Part::Test, experiment, data, &model)?;
    let mut record = folder.record()?;
    record.test = Some(scores.clone());
    folder.write_record(&mut record)?;
    Ok(Some(scores))
}

/// That the best weights are no better than what needs no learning, where they are not; it is noted
/// down in `run.json`.
fn verdict(
    folder: &RunFolder,
    yardstick: Option<&Yardstick>,
    report: &RunReport,
) -> Result<Option<String>, Failure> {
    let Some(yardstick) = yardstick else { return Ok(None) };
    let curves = Curves::read(folder)?;
    let best = report.best.as_ref().map_or(report.epochs, |best| best.epoch);
    let Some(epoch) = curves.epochs.iter().rev().find(|epoch| epoch.epoch == best) else {
        return Ok(None);
    };
    let verdict = yardstick.verdict(&epoch.train, epoch.valid.as_ref());
    if verdict.is_some() {
        let mut record = folder.record()?;
        record.verdict = verdict.clone();
        folder.write_record(&mut record)?;
    }
    Ok(verdict)
}

/// The scores of `model` on a part of the data, and those of the baselines it has to beat.
pub fn scores_on(
    part: Part,
    experiment: &Experiment,
    data: &Prepared,
    model: &Graph,
) -> Result<Scores, Failure> {
    let loader = data.eval_loader(part, EVALUATION_BATCH);
    let mut scores = experiment.evaluation().run(model, &loader)?;
    scores.extend(&data.baseline_scores(part, &experiment.train.loss));
    Ok(scores)
}
