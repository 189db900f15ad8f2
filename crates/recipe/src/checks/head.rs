//! What reaches the loss: a network that ends with values in a small range cannot be trained with a
//! loss that needs others, whichever layers stand behind the one that confines them.

mod reach;

use glassbox_nn::settings::number_text;
use glassbox_nn::{Outline, Path};
use glassbox_train::Task;
use glassbox_train::data::Targets;

use self::reach::Reach;
use super::Checks;
use crate::codes;
use crate::diagnostic::Problem;
use crate::experiment::Experiment;

/// Scores of two sides must reach so far at least: a probability of 0.12 and of 0.88.
const SURE: f64 = 2.0;

impl Checks<'_> {
    /// The values that the last layers let through suit the loss and the targets.
    pub fn head(&mut self, experiment: &Experiment, outline: &Outline) {
        let reach = reach::of(outline);
        let Some(by) = reach.by else { return };
        let node = &outline.nodes[by];
        let after = &outline.nodes[by + 1..];
        let names: Vec<_> = after.iter().map(|node| node.operation.type_name()).collect();
        let layer = node.operation.type_name();
        let layer = Confining { path: node.path.clone(), layer, behind: names.join(", ") };
        match experiment.run.task {
            Task::Regress => self.targets_in_reach(&reach, &layer),
            Task::Classify | Task::Generate => self.scores_in_reach(experiment, &reach, &layer),
        }
    }

    fn scores_in_reach(&mut self, experiment: &Experiment, reach: &Reach, by: &Confining) {
        let loss = experiment.train.loss.name();
        let squashed = matches!(by.layer, "softmax" | "sigmoid");
        let (message, why) = match loss {
            "cross_entropy" if by.layer == "softmax" => {
                (format!("`{loss}` applies the softmax itself"), self.lowest_loss(reach))
            }
            "cross_entropy" if squashed || reach.high - reach.low < f64::INFINITY => {
                (format!("`{loss}` needs scores without bounds"), self.lowest_loss(reach))
            }
            "cross_entropy" if by.layer == "relu" => {
                let why = "a class whose score is cut off at 0 learns nothing from the item".into();
                (format!("`{loss}` needs scores of either sign"), why)
            }
            "binary_cross_entropy" if by.layer == "sigmoid" => {
                (format!("`{loss}` applies the sigmoid itself"), probabilities(reach))
            }
            "binary_cross_entropy" if squashed || reach.low > -SURE || reach.high < SURE => {
                (format!("`{loss}` needs scores of either sign"), probabilities(reach))
            }
            _ => return,
        };
        let layer = by.layer;
        let problem = Problem::new(codes::SOFTMAX_BEFORE_LOSS, message)
            .expected(format!("scores as they come from the layer before: {why}"))
            .found(by.found())
            .help(format!(
                "remove the {layer} layer; predictions are shown as probabilities anyway"
            ));
        self.push_at_layer(by, problem);
    }

    /// How far cross-entropy can fall when one score is `high` and all the others are `low`.
    fn lowest_loss(&self, reach: &Reach) -> String {
        let others = self.data.dataset.targets().width().max(2) as f64 - 1.0;
        let lowest = (others * (reach.low - reach.high).exp()).ln_1p();
        match lowest > 0.0 {
            true => format!("{reach} the loss stays above {}", number_text(round(lowest))),
            false => "squashed scores learn slowly".into(),
        }
    }

    fn targets_in_reach(&mut self, reach: &Reach, by: &Confining) {
        let Targets::Values { width, .. } = self.data.dataset.targets() else { return };
        let (width, layer) = (*width, by.layer);
        let (rows, standardized) = (self.target_rows(true), !self.standard_is_identity());
        let outside = |rows: &[f64]| rows.iter().any(|&value| !reach.contains(value));
        let sums_differ = || {
            let row_sums = rows.chunks(width.max(1)).map(|row| row.iter().sum::<f64>());
            row_sums.into_iter().any(|sum| (sum - 1.0).abs() > 1e-3)
        };
        let (expected, found) = if outside(&rows) {
            let low = rows.iter().copied().fold(f64::INFINITY, f64::min);
            let high = rows.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let targets = if standardized { "the targets, standardized," } else { "the targets" };
            let (low, high) = (number_text(round(low)), number_text(round(high)));
            let gives = format!("{}: it gives {}", by.found(), reach.in_words());
            (format!("{targets} go from {low} to {high}"), gives)
        } else if reach.sums_to_one && sums_differ() {
            ("targets of any sum".into(), format!("{}: its values sum to 1", by.found()))
        } else {
            return;
        };
        let as_they_are = standardized && !outside(&self.target_rows(false));
        let help = match as_they_are && !reach.sums_to_one {
            true => format!(
                "remove the {layer} layer, or learn the targets as they are: \
                 data.standardize_targets = false"
            ),
            false => format!("remove the {layer} layer: a regression ends with its dense layer"),
        };
        let layer = with_article(layer);
        let message = format!("the values of {layer} layer cannot reach the targets");
        let problem =
            Problem::new(codes::HEAD_RANGE, message).expected(expected).found(found).help(help);
        self.push_at_layer(by, problem);
    }

    fn standard_is_identity(&self) -> bool {
        self.data.target_normalizer.is_identity()
    }

    /// The targets of the training items, item by item: as the loss sees them, or as they are.
    fn target_rows(&self, as_the_loss_sees: bool) -> Vec<f64> {
        let Targets::Values { values, width, .. } = self.data.dataset.targets() else {
            return Vec::new();
        };
        let units = &self.data.target_normalizer;
        let mut rows = Vec::with_capacity(self.data.split.train.len() * width);
        for &item in &self.data.split.train {
            let row = &values[item as usize * width..][..*width];
            for (column, &value) in row.iter().enumerate() {
                let entry = |of: &[f64], otherwise: f64| match of {
                    [] => otherwise,
                    all => all[column % all.len()],
                };
                let (offset, scale) = (entry(&units.offset, 0.0), entry(&units.scale, 1.0));
                rows.push(if as_the_loss_sees { (value - offset) / scale } else { value });
            }
        }
        rows
    }

    fn push_at_layer(&mut self, by: &Confining, mut problem: Problem) {
        let path: Vec<String> = by.path.segments().iter().map(ToString::to_string).collect();
        problem.place = self.recipe.model.place(&path, None);
        self.problems.push(problem);
    }
}

/// The layer that confines the values.
struct Confining {
    path: Path,
    layer: &'static str,
    /// The layers behind it.
    behind: String,
}

impl Confining {
    fn found(&self) -> String {
        let layer = format!("{} layer", with_article(self.layer));
        match self.behind.as_str() {
            "" => layer,
            behind => format!("{layer}, with only {behind} between it and the loss"),
        }
    }
}

/// `a relu`, `an elu`.
fn with_article(layer: &str) -> String {
    let article = if layer.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {layer}")
}

/// How sure a score in this range can be.
fn probabilities(reach: &Reach) -> String {
    let sigmoid = |x: f64| number_text(round(1.0 / (1.0 + (-x).exp())));
    format!("{reach} the probability is from {} to {}", sigmoid(reach.low), sigmoid(reach.high))
}

/// To three digits.
fn round(number: f64) -> f64 {
    format!("{number:.2e}").parse().unwrap_or(number)
}
