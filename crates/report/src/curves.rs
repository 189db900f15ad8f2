//! The event log of a run, replayed.

use std::io::ErrorKind;
use std::path::Path;

use glassbox_train::{EpochReport, RunFolder};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ReportError;
use crate::plots::{Line, LinePlot};

/// What a run's event log says.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    /// The optimizer steps that were logged.
    pub steps: Vec<Step>,
    /// The epochs.
    pub epochs: Vec<EpochReport>,
}

/// A step of the event log.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// Its number, from 1.
    pub step: u64,
    /// The loss of its samples.
    pub loss: f64,
    /// Its learning rate.
    pub learning_rate: f64,
    /// The gradient's norm before clipping, where it was computed.
    pub gradient_norm: Option<f64>,
}

/// One score of every epoch that has it.
pub struct EpochScores {
    /// On the training items.
    pub train: Vec<(f64, f64)>,
    /// On the validation items.
    pub valid: Vec<(f64, f64)>,
}

/// Points of a curve; more are averaged in groups.
const POINTS: usize = 400;

impl Curves {
    /// Reads the event log of `folder`. A line that was torn by a crash is left out.
    ///
    /// # Errors
    /// When the log cannot be read; a log that does not exist is empty.
    pub fn read(folder: &RunFolder) -> Result<Self, ReportError> {
        let mut curves = Self::default();
        for line in lines::<serde_json::Value>(&folder.metrics())? {
            match line["event"].as_str() {
                Some("step") => curves.steps.extend(serde_json::from_value::<Step>(line)),
                Some("epoch") => curves.epochs.extend(serde_json::from_value::<EpochReport>(line)),
                _ => {}
            }
        }
        Ok(curves)
    }

    /// The names of all scores, in the order in which they are shown; those of single outputs
    /// (`r2.price`), of which there may be hundreds, are left out.
    pub fn score_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for report in &self.epochs {
            for (name, _) in report.train.iter().chain(report.valid.iter().flat_map(|v| v.iter())) {
                if !name.contains('.') && !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
        names
    }

    /// The score `name` by epoch.
    pub fn score(&self, name: &str) -> EpochScores {
        let point = |epoch: usize, value: Option<f64>| Some((epoch as f64, value?));
        let train = |r: &EpochReport| point(r.epoch, r.train.get(name));
        let valid = |r: &EpochReport| point(r.epoch, r.valid.as_ref()?.get(name));
        EpochScores {
            train: self.epochs.iter().filter_map(train).collect(),
            valid: self.epochs.iter().filter_map(valid).collect(),
        }
    }

    /// Something of every step against the epochs passed, averaged in groups so that there are a
    /// few hundred points.
    pub fn by_step(&self, value: impl Fn(&Step) -> Option<f64>) -> Vec<(f64, f64)> {
        let epoch_of = self.steps_per_epoch();
        let points: Vec<(f64, f64)> = self
            .steps
            .iter()
            .filter_map(|step| Some((step.step as f64 / epoch_of, value(step)?)))
            .collect();
        let group = points.len().div_ceil(POINTS).max(1);
        let mean = |group: &[(f64, f64)]| {
            let (x, y) =
                group.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
            (x / group.len() as f64, y / group.len() as f64)
        };
        points.chunks(group).map(mean).collect()
    }

    fn steps_per_epoch(&self) -> f64 {
        let first = self.epochs.first().filter(|report| report.epoch > 0);
        match (first, self.steps.last()) {
            (Some(report), _) => report.step as f64 / report.epoch as f64,
            (None, Some(step)) => step.step as f64,
            (None, None) => 1.0,
        }
        .max(1.0)
    }

    /// The plots of this run: loss, every other score, learning rate, gradient norm.
    pub fn plots(&self) -> Vec<LinePlot> {
        let mut plots = Vec::new();
        for name in self.score_names() {
            let mut lines = Vec::new();
            if name == "loss" {
                lines.push(Line::new("each step", self.by_step(|step| Some(step.loss))).thin());
            }
            let EpochScores { train, valid } = self.score(&name);
            lines.push(Line::new("training", train));
            lines.push(Line::new("validation", valid));
            plots.push(LinePlot::new(&name, "epochs", &name, lines));
        }
        let rate = Line::new("", self.by_step(|step| Some(step.learning_rate)));
        plots.push(LinePlot::new("learning rate", "epochs", "learning rate", vec![rate]));
        let norm = Line::new("", self.by_step(|step| step.gradient_norm));
        plots.push(
            LinePlot::new("gradient norm before clipping", "epochs", "norm", vec![norm]).log(),
        );
        plots.retain(|plot| !plot.is_empty());
        plots
    }
}

/// The objects of a file that has one a line.
pub(crate) fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, ReportError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(ReportError::Unreadable { path: path.into(), source }),
    }
}
