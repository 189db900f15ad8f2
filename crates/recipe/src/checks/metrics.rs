//! The scores that a recipe names.

use glassbox_train::data::Targets;
use glassbox_train::{Monitor, Task, metrics};

use super::{Checks, no_validation};
use crate::codes;
use crate::diagnostic::Problem;
use crate::experiment::Experiment;
use crate::suggest;

impl Checks<'_> {
    /// The scores that are reported and watched exist, and there is data to measure them on.
    pub fn metrics(&mut self, experiment: &Experiment) {
        self.reported(experiment.run.task);
        if let Some(monitor) = &self.recipe.train.monitor {
            self.metric("train.monitor", monitor, experiment.run.task);
        }
        if let Some(early_stop) = &experiment.train.early_stop {
            self.metric("train.early_stop.metric", &early_stop.metric, experiment.run.task);
            let on_valid = early_stop.metric.metric.starts_with("valid.");
            if on_valid && self.data.split.valid.is_empty() {
                let problem = no_validation("early stopping").found(&*early_stop.metric.metric);
                self.push_at("train.early_stop", problem);
            }
        }
    }

    /// What the schedule watches is there.
    pub fn schedule(&mut self, experiment: &Experiment) {
        if let Some(monitor) = experiment.train.schedule.watches() {
            self.metric("train.schedule.metric", monitor, experiment.run.task);
            let on_valid = monitor.metric.starts_with("valid.");
            if on_valid && self.data.split.valid.is_empty() {
                let problem = no_validation("`reduce_on_plateau`").found(&*monitor.metric);
                self.push_at("train.schedule", problem);
            }
        }
    }

    fn metric(&mut self, path: &str, monitor: &Monitor, task: Task) {
        let outputs = match self.data.dataset.targets() {
            Targets::Values { names, .. } => names.as_slice(),
            _ => &[],
        };
        let known = Monitor::names(task, self.data.dataset.targets().width(), outputs);
        if known.contains(&monitor.metric) {
            return;
        }
        let of_one = match known.iter().find(|name| name.matches('.').count() > 1) {
            Some(first) => format!("; of one output, such as `{first}`"),
            None => String::new(),
        };
        let metric = crate::tree::shorten(&monitor.metric);
        let known = known.iter().map(String::as_str);
        let problem = Problem::new(codes::METRIC, format!("there is no metric \"{metric}\""))
            .expected(format!(
                "`valid.` or `train.` with one of {}{of_one}",
                self.metric_names(task)
            ))
            .found(format!("\"{metric}\""))
            .help(match suggest::nearest(&metric, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "for instance `valid.loss`; docs/scores.md defines them all".into(),
            });
        self.push_at(path, problem);
    }

    /// The scores that are to be reported exist.
    pub fn reported(&mut self, task: Task) {
        for (name, place) in &self.recipe.train.metrics {
            if metrics::named(name)
                .is_some_and(|metric| metric.is_of(task, self.data.dataset.targets().width()))
            {
                continue;
            }
            let name = crate::tree::shorten(name);
            let known = metrics::of(task, self.data.dataset.targets().width())
                .into_iter()
                .map(|metric| metric.name);
            let problem = Problem::new(codes::METRIC, format!("there is no metric \"{name}\""))
                .expected(format!("one of {}", self.metric_names(task)))
                .found(format!("\"{name}\""))
                .help(match suggest::nearest(&name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "docs/scores.md defines them all".into(),
                })
                .at(place);
            self.problems.push(problem);
        }
    }

    /// The names of all scores of the task.
    fn metric_names(&self, task: Task) -> String {
        suggest::list(
            metrics::of(task, self.data.dataset.targets().width())
                .into_iter()
                .map(|metric| metric.name),
        )
    }
}
