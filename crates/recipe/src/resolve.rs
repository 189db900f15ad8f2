//! From a recipe and its data to an experiment in which everything is decided.

use glassbox_data::{InputReader, Prepared};
use glassbox_nn::Graph;
use glassbox_nn::layers::set_vocabulary;
use glassbox_tensor::Rng;
use glassbox_train::optim::OptimizerConfig;
use glassbox_train::schedule::{Cyclic, OneCycle, Schedule};
use glassbox_train::{Monitor, Task, metrics};

use crate::checks::Checks;
use crate::diagnostic::Report;
use crate::experiment::{Experiment, RunSection, TrainSection, WatchSection};
use crate::recipe::Recipe;
use crate::sections::train::Train;

impl Recipe {
    /// Decides what the recipe leaves open and checks that everything fits together.
    ///
    /// # Errors
    /// A report of everything that does not fit.
    pub fn resolve(&self, data: &Prepared) -> Result<Experiment, Report> {
        let mut checks = Checks { recipe: self, data, problems: Vec::new() };
        let task = checks.task();
        let mut loss = checks.loss(task).unwrap_or_default();
        checks.weights(&mut loss);
        if checks.problems.is_empty() {
            checks.some_item_counts(&loss);
        }
        let outputs = checks.outputs(&loss);
        checks.heads(task);
        let experiment = self.experiment(data, task, loss, outputs);
        checks.model(&experiment, outputs);
        checks.vocabulary(&experiment);
        checks.causal(&experiment);
        checks.augment(&experiment);
        checks.schedule_lengths(&experiment);
        checks.unused_rate(&experiment);
        checks.through_time(&experiment);
        checks.watch(&experiment);
        checks.metrics(&experiment);
        checks.schedule(&experiment);
        if checks.problems.is_empty() {
            match experiment.build_model(data) {
                Ok(model) => {
                    checks.batches(&experiment, &model);
                    checks.proves_causal(&model);
                }
                Err(error) => {
                    let problem = checks.layer_problem(&error);
                    checks.problems.push(problem);
                }
            }
        }
        checks.outcome(experiment)
    }

    /// Decides what the recipe leaves open where nothing is to be trained: the loss, the task and the
    /// layers, as they are on `data`, of which there may be no items to train on.
    ///
    /// # Errors
    /// A report of what of these does not fit the data.
    pub fn resolve_to_evaluate(&self, data: &Prepared) -> Result<Experiment, Report> {
        let mut checks = Checks { recipe: self, data, problems: Vec::new() };
        let task = checks.task();
        let mut loss = checks.loss(task).unwrap_or_default();
        checks.weights(&mut loss);
        checks.reported(task);
        let outputs = checks.outputs(&loss);
        checks.outcome(self.experiment(data, task, loss, outputs))
    }

    fn experiment(
        &self,
        data: &Prepared,
        task: Task,
        loss: glassbox_nn::Loss,
        outputs: usize,
    ) -> Experiment {
        let train = &self.train;
        let mut data_config = self.data.clone();
        data_config.split = Some(data.split_config.clone());
        let mut layers = self.model.layers(data.dataset.targets().width(), outputs);
        if let Some(tokens) = data.dataset.tokens() {
            set_vocabulary(&mut layers, tokens);
        }
        Experiment {
            run: RunSection {
                name: self.run.name.clone().unwrap_or_else(|| self.default_name.clone()),
                task,
                seed: self.run.seed,
            },
            data: data_config,
            relative_paths: self.relative_paths.clone(),
            augment: self.augment.clone(),
            layers,
            train: TrainSection {
                epochs: train.epochs,
                batch_size: train.batch_size,
                accumulate: train.accumulate,
                drop_last: train.drop_last,
                loss,
                optimizer: train.optimizer.clone(),
                schedule: with_movable_momentum(&train.schedule, &train.optimizer),
                warmup: train.warmup.clone(),
                schedule_span: train.schedule_span,
                monitor: self.monitor(),
                metrics: self.metrics(task),
                clip: train.clip,
                early_stop: train.early_stop.clone(),
                checkpoint_every: train.checkpoint_every,
                bptt: train.bptt,
                stateful: train.stateful,
                precision: train.precision,
                threads: train.threads,
            },
            watch: self.watch(data),
        }
    }
}

/// The schedule, moving momentum only where there is one.
fn with_movable_momentum(schedule: &Schedule, optimizer: &OptimizerConfig) -> Schedule {
    let mut schedule = schedule.clone();
    match &mut schedule {
        Schedule::OneCycle(OneCycle { cycle_momentum, .. })
        | Schedule::Cyclic(Cyclic { cycle_momentum, .. }) => {
            *cycle_momentum &= optimizer.has_momentum();
        }
        _ => {}
    }
    schedule
}

impl Recipe {
    /// The best weights are those that early stopping watches for, unless said otherwise.
    fn monitor(&self) -> Monitor {
        let watched = || self.train.early_stop.as_ref().map(|stop| stop.metric.clone());
        self.train.monitor.clone().or_else(watched).unwrap_or_default()
    }

    /// The scores that are asked for and those that are monitored, but for those of every training.
    fn metrics(&self, task: Task) -> Vec<String> {
        let Train { metrics: named, schedule, early_stop, .. } = &self.train;
        let watched = early_stop.iter().map(|stop| &stop.metric).chain(schedule.watches());
        let monitor = self.monitor();
        let watched = watched.chain([&monitor]).filter_map(|monitor| monitor.score());
        let watched = watched.map(|metric| metric.name);
        let mut names: Vec<String> = Vec::new();
        for name in named.iter().map(|(name, _)| name.as_str()).chain(watched) {
            let is_known = metrics::always(task).iter().any(|metric| metric.name == name);
            if !is_known && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// A model of text writes samples, unless the recipe asks for none.
    fn watch(&self, data: &Prepared) -> WatchSection {
        let is_text = matches!(data.reader, InputReader::Text(_));
        let samples = self.watch.samples.clone().or_else(|| is_text.then(Default::default));
        WatchSection { lags: self.watch.lags, samples }
    }
}

impl Experiment {
    /// The model with its initial weights, which are a function of the seed.
    ///
    /// # Errors
    /// When a layer does not fit the one before.
    pub fn build_model(&self, data: &Prepared) -> Result<Graph, glassbox_nn::BuildError> {
        let mut rng = Rng::new(self.run.seed);
        Graph::build(&self.layers, data.dataset.item_shape(), &mut rng)
    }
}
