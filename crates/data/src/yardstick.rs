//! Whether a model is better than what needs no learning.

use glassbox_nn::Loss;
use glassbox_train::data::{Part, Targets};
use glassbox_train::{Scores, Task};

use crate::{ConstantAnswer, Prepared};

/// The scores of what needs no learning, on the items by which a run is judged: the validation
/// items, or the training items where there are none.
///
/// A model beats it when its loss or its main score is better by more than chance explains.
#[derive(Clone, Debug, PartialEq)]
pub struct Yardstick {
    task: Task,
    part: Part,
    /// Targets of the part that count: classes, tokens, or items with numbers.
    targets: usize,
    scores: Scores,
    /// The loss of the best constant answer on the training items.
    train_loss: Option<f64>,
    /// The name of the most frequent class.
    class: Option<String>,
}

/// By what share a loss has to be smaller.
const LEAST: f64 = 0.01;
/// The same for classes of few items, on which losses differ by chance.
const MOST: f64 = 0.05;
/// The same for numbers.
const NUMBERS: f64 = 0.02;
/// Standard errors by which an accuracy has to be larger.
const ERRORS: f64 = 2.0;
/// The share of the constant answer's loss on the training items below which a model knows them.
const KNOWN: f64 = 0.7;

impl Yardstick {
    /// The yardstick of a run; none when there is nothing to compare with.
    pub fn of(data: &Prepared, loss: &Loss, task: Task) -> Option<Self> {
        let part = if data.split.valid.is_empty() { Part::Train } else { Part::Valid };
        let answer = ConstantAnswer::fit(data, loss)?;
        let scores = data.scores_beside(Some(&answer), part);
        let train_loss = answer.scores(data, Part::Train).get("baseline_constant_loss");
        let items = data.split.part(part);
        let targets = match data.dataset.targets() {
            Targets::Values { .. } => items.len(),
            _ => data.dataset.counts_but(items, loss.ignored()).iter().sum::<u64>() as usize,
        };
        let class = answer.class_name(data).map(str::to_owned);
        Some(Self { task, part, targets, scores, train_loss, class })
    }

    /// The scores that are to be beaten: `baseline_constant_loss` and the like.
    pub fn scores(&self) -> &Scores {
        &self.scores
    }

    /// The loss of the best constant answer on the training items, where it has one.
    pub fn train_loss(&self) -> Option<f64> {
        self.train_loss
    }

    /// Whether a model with these scores is better than what needs no learning. The scores of the
    /// validation items count, where there are some.
    pub fn is_beaten(&self, train: &Scores, valid: Option<&Scores>) -> bool {
        let scores = self.judged(train, valid);
        match self.task {
            Task::Regress => {
                let below = |kind: &str| {
                    ["loss", "mae", "rmse"].iter().any(|name| {
                        self.pair(scores, kind, name)
                            .is_some_and(|(value, baseline)| value < (1.0 - NUMBERS) * baseline)
                    })
                };
                let is_series = self.scores.get("baseline_last_rmse").is_some();
                below("constant") && (!is_series || below("last"))
            }
            Task::Classify | Task::Generate => {
                self.pair(scores, "constant", "loss")
                    .is_some_and(|(loss, baseline)| loss < (1.0 - self.margin()) * baseline)
                    || self
                        .pair(scores, "constant", "accuracy")
                        .is_some_and(|(accuracy, baseline)| accuracy > self.by_chance(baseline))
            }
        }
    }

    /// In a sentence with its numbers, that a model with these scores is not better; nothing when
    /// it is.
    pub fn verdict(&self, train: &Scores, valid: Option<&Scores>) -> Option<String> {
        if self.is_beaten(train, valid) {
            return None;
        }
        let scores = self.judged(train, valid);
        let mut text = match self.task {
            Task::Regress => self.about_numbers(scores),
            Task::Classify | Task::Generate => self.about_classes(scores),
        }?;
        let part = if self.part == Part::Valid { "validation" } else { "training" };
        text.push_str(&format!(" on the {part} items"));
        // A loss that is low on the validation items, too, is not learned by heart: a series may be
        // predicted well and no better than by its last value.
        if let (Part::Valid, Some(loss), Some(constant), Some(valid)) =
            (self.part, train.get("loss"), self.train_loss, scores.get("loss"))
            && loss < KNOWN * constant
            && loss < KNOWN * valid
        {
            text.push_str(&format!(
                "; the training items are learned by heart (training loss {})",
                number(loss)
            ));
        }
        Some(text)
    }

    fn about_classes(&self, scores: &Scores) -> Option<String> {
        let what = if self.task == Task::Generate { "token" } else { "class" };
        let mut parts = Vec::new();
        if let Some((accuracy, baseline)) = self.pair(scores, "constant", "accuracy") {
            let name = self.class.as_ref().map_or(String::new(), |name| format!(", {name:?}"));
            let compared = if accuracy > baseline { "within chance of" } else { "no better than" };
            parts.push(format!(
                "accuracy {:.1} % is {compared} always saying the most frequent {what}{name} ({:.1} %)",
                100.0 * accuracy,
                100.0 * baseline
            ));
        }
        if let Some((loss, baseline)) = self.pair(scores, "constant", "loss") {
            let compared = if loss < baseline { "within chance of" } else { "no better than" };
            let plural = if what == "class" { "classes" } else { "tokens" };
            parts.push(format!(
                "loss {} {compared} knowing nothing but how frequent the {plural} are ({})",
                number(loss),
                number(baseline)
            ));
        }
        (!parts.is_empty()).then(|| parts.join(", and "))
    }

    fn about_numbers(&self, scores: &Scores) -> Option<String> {
        let sentence = |kind: &str, name: &str, answer: &str| {
            let (value, baseline) = self.pair(scores, kind, name)?;
            let compared = if value < baseline { "hardly better" } else { "no better" };
            let (value, baseline) = (number(value), number(baseline));
            Some(format!("{name} {value} is {compared} than {answer} ({baseline})"))
        };
        let series = self.scores.get("baseline_last_rmse").is_some();
        let repeated = || sentence("last", "rmse", "repeating the last value");
        let constant = || sentence("constant", "rmse", "always answering the mean");
        let loss = || sentence("constant", "loss", "the best constant answer");
        let nearer = |kind: &str| self.scores.get(&format!("baseline_{kind}_rmse"));
        let last_is_better = series && nearer("last") < nearer("constant");
        if last_is_better { repeated() } else { constant() }.or_else(loss)
    }

    fn judged<'a>(&self, train: &'a Scores, valid: Option<&'a Scores>) -> &'a Scores {
        match (self.part, valid) {
            (Part::Train, _) | (_, None) => train,
            (_, Some(valid)) => valid,
        }
    }

    /// A model's score and that of a baseline.
    fn pair(&self, scores: &Scores, kind: &str, name: &str) -> Option<(f64, f64)> {
        Some((scores.get(name)?, self.scores.get(&format!("baseline_{kind}_{name}"))?))
    }

    /// The share by which a loss of classes has to be smaller.
    fn margin(&self) -> f64 {
        (1.0 / (self.targets.max(1) as f64).sqrt()).clamp(LEAST, MOST)
    }

    /// The largest accuracy that chance explains where always saying the same gets `baseline`.
    fn by_chance(&self, baseline: f64) -> f64 {
        let variance = baseline * (1.0 - baseline) / self.targets.max(1) as f64;
        baseline + ERRORS * variance.max(0.0).sqrt()
    }
}

/// A number with four significant digits.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1e5 || (size > 0.0 && size < 1e-3) => format!("{value:.3e}"),
        size if size >= 100.0 => format!("{value:.1}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(pairs: &[(&str, f64)]) -> Scores {
        pairs.iter().copied().collect()
    }

    fn of_classes(targets: usize, loss: f64, accuracy: f64) -> Yardstick {
        Yardstick {
            task: Task::Classify,
            part: Part::Valid,
            targets,
            scores: scores(&[
                ("baseline_constant_loss", loss),
                ("baseline_constant_accuracy", accuracy),
            ]),
            train_loss: Some(loss),
            class: Some("3".into()),
        }
    }

    #[test]
    fn items_that_are_ignored_do_not_count() {
        let data = crate::DataConfig::default().prepare(".".as_ref()).unwrap();
        let config =
            glassbox_nn::losses::CrossEntropyConfig { ignore_index: Some(3), ..Default::default() };
        let of = |loss: &Loss| Yardstick::of(&data, loss, Task::Classify).unwrap().targets;
        let valid = data.split.part(Part::Valid);
        let threes = data.dataset.class_counts(valid)[3] as usize;
        assert!(threes > 0);
        assert_eq!(of(&Loss::default()), valid.len());
        assert_eq!(of(&Loss::CrossEntropy(config)), valid.len() - threes);
    }

    #[test]
    fn loss_or_accuracy_beyond_chance_is_learning() {
        let digits = of_classes(180, 2.2913, 0.102);
        let beaten = |loss, accuracy| {
            let valid = scores(&[("loss", loss), ("accuracy", accuracy)]);
            digits.is_beaten(&valid, Some(&valid))
        };
        assert!(beaten(2.1, 0.1), "a loss well below");
        assert!(beaten(5.0, 0.4), "overconfident, but right more often");
        assert!(!beaten(2.30, 0.107));
        assert!(!beaten(2.1987, 0.144), "within chance on 180 items");
        assert!(!beaten(f64::NAN, f64::NAN) && !beaten(f64::INFINITY, 0.1));
        // Nine of ten are of one class: an accuracy no better than that may still know more.
        let rare = of_classes(1000, 0.325, 0.9);
        let valid = scores(&[("loss", 0.2), ("accuracy", 0.9)]);
        assert!(rare.is_beaten(&valid, Some(&valid)));
    }

    #[test]
    fn what_is_not_better_is_told_with_its_numbers() {
        let digits = of_classes(180, 2.2913, 0.102);
        let train = scores(&[("loss", 2.31)]);
        let valid = scores(&[("loss", 2.3049), ("accuracy", 0.1)]);
        assert_eq!(
            digits.verdict(&train, Some(&valid)).unwrap(),
            "accuracy 10.0 % is no better than always saying the most frequent class, \"3\" \
             (10.2 %), and loss 2.3049 no better than knowing nothing but how frequent the classes \
             are (2.2913) on the validation items"
        );
        let known = digits.verdict(&scores(&[("loss", 0.59)]), Some(&valid)).unwrap();
        assert!(known.ends_with("learned by heart (training loss 0.5900)"), "{known}");
        let good = scores(&[("loss", 0.3), ("accuracy", 0.9)]);
        assert_eq!(digits.verdict(&train, Some(&good)), None);
    }

    #[test]
    fn numbers_are_compared_with_the_mean_and_the_last_value() {
        let mut yardstick = Yardstick {
            task: Task::Regress,
            part: Part::Train,
            targets: 100,
            scores: scores(&[
                ("baseline_constant_loss", 1.0),
                ("baseline_constant_rmse", 4.0),
                ("baseline_constant_mae", 3.0),
            ]),
            train_loss: Some(1.0),
            class: None,
        };
        let model = |loss, rmse, mae| scores(&[("loss", loss), ("rmse", rmse), ("mae", mae)]);
        assert!(yardstick.is_beaten(&model(0.5, 2.8, 2.0), None));
        assert_eq!(
            yardstick.verdict(&model(1.01, 4.1, 3.2), None).unwrap(),
            "rmse 4.1000 is no better than always answering the mean (4.0000) on the training items"
        );
        yardstick
            .scores
            .extend(&scores(&[("baseline_last_rmse", 2.0), ("baseline_last_mae", 1.5)]));
        assert_eq!(
            yardstick.verdict(&model(0.5, 2.8, 2.0), None).unwrap(),
            "rmse 2.8000 is no better than repeating the last value (2.0000) on the training items"
        );
        assert!(yardstick.is_beaten(&model(0.2, 1.8, 1.4), None));
    }
}
