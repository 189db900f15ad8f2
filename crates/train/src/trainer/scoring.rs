//! Which scores a trainer computes.

use glassbox_nn::Module;

use super::Trainer;
use crate::config::TrainConfig;
use crate::evaluation::Evaluation;
use crate::metrics::{self, Metric};
use crate::monitor::Monitor;

impl<M: Module> Trainer<M> {
    /// All that is monitored: by the trainer itself, by observers, and by the schedule.
    pub(super) fn monitors(&self) -> impl Iterator<Item = &Monitor> {
        let watched = self.observers.iter().filter_map(|observer| observer.watches());
        self.config.monitor.iter().chain(watched).chain(self.config.schedule.watches())
    }

    /// The metrics to report besides those of every training.
    pub(super) fn metrics(&self) -> Vec<&'static Metric> {
        let named = self.config.metrics.iter().filter_map(|name| metrics::named(name));
        named.chain(self.monitors().filter_map(Monitor::score)).collect()
    }
}

/// How `config` evaluates.
pub(super) fn evaluation<'a>(
    config: &'a TrainConfig,
    metrics: Vec<&'static Metric>,
) -> Evaluation<'a> {
    let TrainConfig { loss, task, stateful, precision, .. } = config;
    let evaluation = Evaluation::new(loss, *task).stateful(*stateful);
    evaluation.with_metrics(metrics).with_precision(*precision)
}
