//! The table of epochs, and the lines after it.

use glassbox_train::{EpochReport, RunFolder, RunReport, Scores, StopReason, Task};

use super::Ending;
use crate::format::{baseline, baselines, clock, outputs, percent, rate, score};
use crate::terminal::say;

/// The names of the columns. Errors of a regression are those of the validation items.
pub fn header(task: Task) -> String {
    let last = match task {
        Task::Classify => "valid acc",
        Task::Regress => "valid mae",
        Task::Generate => "valid ppl",
    };
    format!(
        "{:>5}  {:>10}  {:>10}  {last:>9}  {:>7}  {:>7}",
        "epoch", "train loss", "valid loss", "lr", "time"
    )
}

/// An epoch's row; the best so far has a star.
pub fn row(task: Task, report: &EpochReport) -> String {
    let valid = |name: &str| report.valid.as_ref().and_then(|scores| scores.get(name));
    let shown = |value: Option<f64>| value.map_or("–".into(), score);
    let last = match task {
        Task::Classify => valid("accuracy").map_or("–".into(), percent),
        Task::Regress => shown(valid("mae")),
        Task::Generate => shown(valid("perplexity")),
    };
    format!(
        "{:>5}  {:>10}  {:>10}  {last:>9}  {:>7}  {:>7}{}",
        report.epoch,
        shown(report.train.get("loss")),
        shown(valid("loss")),
        rate(report.learning_rate),
        clock(report.duration),
        if report.best { " ★" } else { "" },
    )
}

/// The end of training in words.
pub struct TextEnding {
    /// Whether the model is one of text.
    pub writes_text: bool,
}

impl Ending for TextEnding {
    fn interrupted(&self, folder: &RunFolder, report: &RunReport) {
        say!("interrupted and saved at step {}", report.steps);
        say!("next: glassbox resume {}", folder.path().display());
    }

    fn finished(&self, folder: &RunFolder, report: &RunReport, test: Option<&Scores>) {
        say!("{}", best_line(report));
        if let Some(test) = test {
            say!("{}", test_line(test));
            outputs(test).iter().for_each(|line| say!("     {line}"));
            baselines(test).iter().for_each(|line| say!("     {line}"));
        }
        let path = folder.path().display();
        say!("run: {path} · report.html shows its curves");
        let verb = if self.writes_text { "generate" } else { "predict" };
        let file = if self.writes_text { "" } else { " FILE…" };
        say!("next: glassbox {verb} {path}{file}   or   glassbox eval {path}");
    }
}

/// `★ best valid.loss 0.2204 @ epoch 9 · stopped early: no gain > 0.001 for 4 epochs`.
fn best_line(report: &RunReport) -> String {
    let best = match &report.best {
        Some(best) => {
            format!("★ best {} {} @ epoch {}", best.metric, score(best.value), best.epoch)
        }
        None => format!("{} epochs", report.epochs),
    };
    let stopped = match &report.stopped {
        Some(StopReason::NoImprovement(why)) => format!(" · stopped early: {why}"),
        _ => String::new(),
    };
    format!("{best}{stopped} · {}", clock(report.duration))
}

/// `test accuracy 98.9 % · loss 0.0412`.
fn test_line(test: &Scores) -> String {
    let mut parts: Vec<String> = Vec::new();
    let of_all = |name: &str| baseline(name).is_none() && !name.contains('.');
    for (name, value) in test.iter().filter(|(name, _)| of_all(name)) {
        match name {
            "accuracy" => parts.insert(0, format!("accuracy {:.2} %", 100.0 * value)),
            _ => parts.push(format!("{name} {}", score(value))),
        }
    }
    format!("test {}", parts.join(" · "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use glassbox_train::Best;

    use super::*;

    fn report() -> EpochReport {
        EpochReport {
            epoch: 1,
            step: 469,
            train: [("loss", 0.4812), ("accuracy", 0.85)].into_iter().collect(),
            valid: Some([("loss", 0.3391), ("accuracy", 0.876)].into_iter().collect()),
            learning_rate: 8e-4,
            best: true,
            duration: Duration::from_secs(21),
        }
    }

    #[test]
    fn rows_stand_under_their_header() {
        let lines = [
            header(Task::Classify),
            row(Task::Classify, &report()),
            header(Task::Regress),
            row(Task::Regress, &EpochReport { valid: None, best: false, ..report() }),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r"
        epoch  train loss  valid loss  valid acc       lr     time
            1      0.4812      0.3391     87.6 %   8.0e-4     0:21 ★
        epoch  train loss  valid loss  valid mae       lr     time
            1      0.4812           –          –   8.0e-4     0:21
        ");
    }

    #[test]
    fn the_end_says_what_was_best_and_why_it_ended() {
        let best = Best { metric: "valid.loss".into(), value: 0.2204, epoch: 9 };
        let why = "no gain > 0.001 for 4 epochs".to_owned();
        let mut report = RunReport {
            epochs: 13,
            steps: 6097,
            best: Some(best),
            stopped: Some(StopReason::NoImprovement(why)),
            duration: Duration::from_secs(273),
        };
        let early = best_line(&report);
        report.stopped = None;
        let test = test_line(&[("loss", 0.0412), ("accuracy", 0.989)].into_iter().collect());
        insta::assert_snapshot!([early, best_line(&report), test].join("\n"), @r"
        ★ best valid.loss 0.2204 @ epoch 9 · stopped early: no gain > 0.001 for 4 epochs · 4:33
        ★ best valid.loss 0.2204 @ epoch 9 · 4:33
        test accuracy 98.90 % · loss 0.0412
        ");
    }
}
