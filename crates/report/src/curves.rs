//! The event log of a run, replayed.

use std::io::ErrorKind;
use std::path::Path;

use glassbox_runs::RunFolder;
use glassbox_train::{EpochReport, Scores, baseline_of};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ReportError;
use crate::plots::{Line, LinePlot, Mark, Meaning};

/// What a run's event log says.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    /// The optimizer steps that were logged.
    pub steps: Vec<Step>,
    /// The epochs.
    pub epochs: Vec<EpochReport>,
}

/// A step of the event log. What is no number there is NaN here.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// Its number, from 1.
    pub step: u64,
    /// The loss of its samples.
    #[serde(default, deserialize_with = "or_nan")]
    pub loss: f64,
    /// Its learning rate.
    #[serde(default, deserialize_with = "or_nan")]
    pub learning_rate: f64,
    /// The gradient's norm before clipping, where it was computed.
    #[serde(default)]
    pub gradient_norm: Option<f64>,
}

/// JSON has neither NaN nor infinity: both are written as null.
fn or_nan<'de, D: serde::Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(value)?.unwrap_or(f64::NAN))
}

/// One score of every epoch that has it.
pub struct EpochScores {
    /// On the training items: an average taken while the epoch went on, and therefore in its
    /// middle.
    pub train: Vec<(f64, f64)>,
    /// On the validation items, after the epoch.
    pub valid: Vec<(f64, f64)>,
}

/// What is drawn besides the curves.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// What made the training scores worse while learning, as [`Settings::noise`] tells.
    ///
    /// [`Settings::noise`]: crate::Settings::noise
    pub noise: &'static str,
    /// The scores of what needs no learning.
    pub baseline: Scores,
    /// Moments that have a name: the best epoch, an early stop, a failure.
    pub marks: Vec<Mark>,
}

/// Dashes and gaps that tell baselines apart, in pixels.
const DASHES: [(i32, i32); 3] = [(7, 4), (2, 3), (14, 4)];
/// Points of a curve; more are averaged in groups.
const POINTS: usize = 400;

impl Curves {
    /// Reads the event log of `folder`. A line that was torn by a crash is left out.
    ///
    /// # Errors
    /// When the log cannot be read; a log that does not exist is empty.
    pub fn read(folder: &RunFolder) -> Result<Self, ReportError> {
        let mut curves = Self::default();
        for mut line in lines::<serde_json::Value>(&folder.metrics())? {
            match line["event"].as_str() {
                Some("step") => curves.steps.extend(serde_json::from_value::<Step>(line)),
                Some("epoch") => {
                    if line["learning_rate"].is_null() {
                        line["learning_rate"] = 0.0.into();
                    }
                    curves.epochs.extend(serde_json::from_value::<EpochReport>(line));
                }
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
        let train = |r: &EpochReport| Some((r.epoch as f64 - 0.5, r.train.get(name)?));
        let valid = |r: &EpochReport| Some((r.epoch as f64, r.valid.as_ref()?.get(name)?));
        EpochScores {
            train: self.epochs.iter().filter_map(train).collect(),
            valid: self.epochs.iter().filter_map(valid).collect(),
        }
    }

    /// Something of every step against the epochs passed (against steps while no epoch is over),
    /// averaged in groups so that there are a few hundred points.
    pub fn by_step(&self, value: impl Fn(&Step) -> Option<f64>) -> Vec<(f64, f64)> {
        let ends = self.ends();
        let point = |step: &Step| Some((place(step.step, &ends), value(step)?));
        let points: Vec<(f64, f64)> = self.steps.iter().filter_map(point).collect();
        let mean = |group: &[(f64, f64)]| {
            let (x, y) =
                group.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
            (x / group.len() as f64, y / group.len() as f64)
        };
        points.chunks(group(points.len())).map(mean).collect()
    }

    /// The steps after which epochs ended, with the number of epochs then over, in order; a
    /// resumed run may have had batches of several sizes.
    fn ends(&self) -> Vec<(u64, f64)> {
        let mut ends: Vec<(u64, f64)> = Vec::new();
        for report in self.epochs.iter().filter(|report| report.epoch > 0) {
            let (step, epoch) = (report.step, report.epoch as f64);
            if ends.last().map_or((0, 0.0), |last| *last) < (step, epoch) {
                ends.push((step, epoch));
            }
        }
        ends
    }

    /// What is counted to the right.
    fn x_label(&self) -> &'static str {
        if self.ends().is_empty() { "steps" } else { "epochs" }
    }

    /// Where the last step stands to the right.
    pub fn end(&self) -> Option<f64> {
        let last = self.steps.last().map(|step| step.step)?;
        Some(place(last, &self.ends()))
    }

    /// The epoch whose weights are the best.
    pub fn best_epoch(&self) -> Option<usize> {
        self.epochs.iter().rev().find(|report| report.best).map(|report| report.epoch)
    }

    /// The plots of this run: loss, every other score, learning rate, gradient norm.
    pub fn plots(&self, context: &Context) -> Vec<LinePlot> {
        let mut names = self.score_names();
        if names.is_empty() && !self.steps.is_empty() {
            names.push("loss".into());
        }
        let mut plots: Vec<_> = names.iter().map(|name| self.score_plot(name, context)).collect();
        let rate = self.by_step(|step| Some(step.learning_rate));
        let norm = self.by_step(|step| step.gradient_norm);
        for (title, label, points) in [
            ("learning rate", "learning rate", rate),
            ("gradient norm before clipping", "norm", norm),
        ] {
            let line = Line::new("", points).of(Meaning::Alone);
            plots.push(LinePlot::new(title, self.x_label(), label, vec![line]));
        }
        let finish = |plot: LinePlot| plot.log_where_it_helps().marked(context.marks.clone());
        plots.into_iter().filter(|plot| !plot.is_empty()).map(finish).collect()
    }

    /// A score of the training and the validation items, beside what needs no learning.
    fn score_plot(&self, name: &str, context: &Context) -> LinePlot {
        let mut lines = Vec::new();
        if name == "loss" {
            let steps = match group(self.steps.len()) {
                1 => "training, each step".to_owned(),
                group => format!("training, mean of {group} steps"),
            };
            let points = self.by_step(|step| Some(step.loss));
            lines.push(Line::new(&steps, points).thin().of(Meaning::Training));
        }
        let EpochScores { train, valid } = self.score(name);
        let title = format!("training (average while learning{})", context.noise);
        lines.push(Line::new(&title, train).of(Meaning::Training));
        lines.push(Line::new("validation", valid).of(Meaning::Validation));
        let ends = [0.0, self.end().unwrap_or(self.epochs.len() as f64)];
        let mut number = 0;
        for (baseline, value) in context.baseline.iter() {
            if let Some((kind, score)) = baseline_of(baseline)
                && score == name
            {
                let title = baseline_title(kind);
                let points = ends.map(|x| (x, value)).to_vec();
                let (dash, gap) = DASHES[number % DASHES.len()];
                lines.push(Line::new(&title, points).of(Meaning::Baseline).dashed(dash, gap));
                number += 1;
            }
        }
        LinePlot::new(name, self.x_label(), name, lines)
    }
}

/// What a baseline is called: that of scores named `baseline_KIND_…`.
pub fn baseline_title(kind: &str) -> String {
    match kind {
        "constant" => "best constant answer".into(),
        "last" => "last value".into(),
        "season" => "seasonal naive".into(),
        other => format!("baseline {other}"),
    }
}

/// Where a step stands to the right: how many epochs are over after it. Beyond the last end, epochs
/// are as long as the last one; without any end it is the step itself.
fn place(step: u64, ends: &[(u64, f64)]) -> f64 {
    let Some(last) = ends.len().checked_sub(1) else { return step as f64 };
    let at = ends.partition_point(|&(end, _)| end < step).min(last);
    let (to, over) = ends[at];
    let (from, before) = if at == 0 { (0, 0.0) } else { ends[at - 1] };
    let length = to.saturating_sub(from).max(1) as f64;
    before + (step as f64 - from as f64) / length * (over - before)
}

/// How many of `points` are averaged into one.
fn group(points: usize) -> usize {
    points.div_ceil(POINTS).max(1)
}

/// The objects of a file that has one a line.
pub(crate) fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, ReportError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(ReportError::Unreadable { path: path.into(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves(log: &str) -> Curves {
        let runs = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(runs.path(), "demo").unwrap();
        std::fs::write(folder.metrics(), log).unwrap();
        Curves::read(&folder).unwrap()
    }

    const LOG: &str = "\
        {\"event\":\"step\",\"step\":1,\"loss\":2.0,\"learning_rate\":0.1,\"gradient_norm\":null}\n\
        {\"event\":\"step\",\"step\":2,\"loss\":1.0,\"learning_rate\":0.1}\n\
        {\"event\":\"epoch\",\"epoch\":1,\"step\":2,\"train\":{\"loss\":1.5},\"valid\":{\"loss\":\
        1.2},\"learning_rate\":0.1,\"best\":true,\"duration\":1.0}\n\
        {\"event\":\"step\",\"step\":3,\"loss\":null,\"learning_rate\":0.1}\n";

    #[test]
    fn averages_stand_where_they_were_taken() {
        let scores = curves(LOG).score("loss");
        assert_eq!(scores.train, [(0.5, 1.5)]);
        assert_eq!(scores.valid, [(1.0, 1.2)]);
    }

    #[test]
    fn a_loss_that_is_no_number_is_a_gap() {
        let curves = curves(LOG);
        assert_eq!(curves.steps.len(), 3);
        assert!(curves.steps[2].loss.is_nan());
        assert_eq!((curves.end(), curves.best_epoch()), (Some(1.5), Some(1)));
        let plots = curves.plots(&Context::default());
        assert!(plots[0].note.as_ref().unwrap().contains("1 of 5 values"), "{:?}", plots[0].note);
    }

    #[test]
    fn steps_stand_in_their_epochs_when_a_resumed_run_has_smaller_batches() {
        let epoch = |epoch: usize, step: u64| {
            format!(
                "{{\"event\":\"epoch\",\"epoch\":{epoch},\"step\":{step},\"train\":{{}},\"valid\":null,\
                 \"learning_rate\":0.1,\"best\":false,\"duration\":1.0}}\n"
            )
        };
        let step = |step: u64| {
            format!("{{\"event\":\"step\",\"step\":{step},\"loss\":1.0,\"learning_rate\":0.1}}\n")
        };
        let log: String = (1..=9).map(step).chain([epoch(1, 2), epoch(2, 8)]).collect();
        let curves = curves(&log);
        let places: Vec<f64> = curves.by_step(|step| Some(step.loss)).iter().map(|p| p.0).collect();
        let sixth = 1.0 / 6.0;
        for (place, right) in places.iter().zip([0.5, 1.0, 1.0 + sixth, 1.0 + 2.0 * sixth]) {
            assert!((place - right).abs() < 1e-12, "{places:?}");
        }
        assert_eq!(places[7], 2.0);
        assert!((curves.end().unwrap() - 2.0 - sixth).abs() < 1e-12);
    }

    #[test]
    fn the_plots_name_what_they_show() {
        let baseline =
            [("baseline_constant_loss", 2.3), ("baseline_last_mae", 9.0)].into_iter().collect();
        let context = Context { noise: ", with dropout", baseline, marks: Vec::new() };
        let plots = curves(LOG).plots(&context);
        let titles: Vec<_> = plots.iter().map(|plot| plot.title.as_str()).collect();
        assert_eq!(titles, ["loss", "learning rate"]);
        let names: Vec<_> = plots[0].lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "training, each step",
                "training (average while learning, with dropout)",
                "validation",
                "best constant answer"
            ]
        );
        assert_eq!(plots[0].lines[3].points, [(0.0, 2.3), (1.5, 2.3)]);
        assert_eq!(plots[1].lines[0].meaning, Some(Meaning::Alone));
    }

    #[test]
    fn before_the_first_epoch_steps_are_counted() {
        let log = LOG.lines().filter(|line| !line.contains("epoch")).collect::<Vec<_>>().join("\n");
        let plots = curves(&log).plots(&Context::default());
        assert_eq!((plots[0].title.as_str(), plots[0].x_label.as_str()), ("loss", "steps"));
        assert_eq!(plots[0].lines[0].points[1], (2.0, 1.0));
    }
}
