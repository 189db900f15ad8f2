//! The lines after the table of epochs.

use glassbox_data::{InputReader, Yardstick};
use glassbox_runs::RunFolder;
use glassbox_train::{RunReport, Scores, StopReason};

use super::{Ending, Outcome};
use crate::format::{baseline, baselines, clock, counted, named_score, outputs, score};
use crate::kept::train_again;
use crate::layout;
use crate::terminal::{self, say, say_wrapped};

/// What can be done with a trained model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It predicts files.
    Predict,
    /// It continues a text.
    Generate,
    /// It was trained on data that no file has.
    Look,
}

impl Use {
    /// What a model of data that is read in this way can do.
    pub fn of(reader: &InputReader, writes_text: bool) -> Self {
        match reader {
            InputReader::None => Self::Look,
            InputReader::Text(_) if writes_text => Self::Generate,
            _ => Self::Predict,
        }
    }

    /// The commands that make sense next.
    fn commands(self, run: &str) -> [String; 2] {
        match self {
            Self::Predict => [format!("predict {run} FILE…"), format!("eval {run}")],
            Self::Generate => [format!("generate {run}"), format!("eval {run}")],
            Self::Look => [format!("eval {run}"), format!("compare {run} OTHER-RUN")],
        }
    }
}

/// The end of training in words.
pub struct TextEnding {
    /// What the model can be used for.
    pub uses: Use,
    /// What needs no learning.
    pub yardstick: Option<Yardstick>,
}

impl Ending for TextEnding {
    fn interrupted(&self, folder: &RunFolder, report: &RunReport) {
        say!("interrupted and saved at step {}", report.steps);
        say!("next: glassbox resume {}", folder.path().display());
    }

    fn finished(&self, folder: &RunFolder, report: &RunReport, outcome: &Outcome<'_>) {
        let is_good = outcome.verdict.is_none() && outcome.growth.is_none();
        say_wrapped(&best_line(report, is_good));
        if let Some(test) = outcome.test {
            say_wrapped(&test_line(test));
            outputs(test).iter().for_each(|line| say_wrapped(&format!("     {line}")));
        }
        for line in self.baselines(outcome.test) {
            say_wrapped(&line);
        }
        let path = folder.path().display().to_string();
        if let Some(verdict) = outcome.verdict {
            say_wrapped(&format!("nothing learned: {verdict}"));
        }
        say_wrapped(&format!("run: {path} · report.html shows its curves"));
        match outcome.growth {
            Some(growth) if !growth.advice.is_empty() => {
                say!("next: {}", train_again(folder, &growth.advice));
            }
            None if is_good => {
                let [first, second] = self.uses.commands(&path);
                let both = format!("next: glassbox {first}   or   glassbox {second}");
                match terminal::width().is_none_or(|room| layout::width(&both) <= room) {
                    true => say!("{both}"),
                    // Each on a line of its own, however long, to be copied.
                    false => say!("next: glassbox {first}\n  or: glassbox {second}"),
                }
            }
            _ => {}
        }
    }
}

impl TextEnding {
    /// What needs no learning, on the items of the line above: the test items, or those by which
    /// the run was judged.
    fn baselines(&self, test: Option<&Scores>) -> Vec<String> {
        match (test, &self.yardstick) {
            (Some(test), _) => baselines(test).iter().map(|line| format!("     {line}")).collect(),
            (None, Some(yardstick)) => baselines(yardstick.scores()),
            (None, None) => Vec::new(),
        }
    }
}

/// `★ best valid.loss 0.2204 @ epoch 9 · stopped early: no gain > 0.001 for 4 epochs`.
fn best_line(report: &RunReport, star: bool) -> String {
    let best = match &report.best {
        Some(best) => {
            let star = if star { "★ " } else { "" };
            format!("{star}best {} {} @ epoch {}", best.metric, score(best.value), best.epoch)
        }
        None => counted(report.epochs, "epoch"),
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
        let part = format!("{name} {}", named_score(name, value));
        match name {
            "accuracy" => parts.insert(0, part),
            _ => parts.push(part),
        }
    }
    format!("test {}", parts.join(" · "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use glassbox_train::Best;

    use super::*;

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
        let early = best_line(&report, true);
        report.stopped = None;
        let test = test_line(&[("loss", 0.0412), ("accuracy", 0.989)].into_iter().collect());
        insta::assert_snapshot!([early, best_line(&report, false), test].join("\n"), @r"
        ★ best valid.loss 0.2204 @ epoch 9 · stopped early: no gain > 0.001 for 4 epochs · 4:33
        best valid.loss 0.2204 @ epoch 9 · 4:33
        test accuracy 98.90 % · loss 0.0412
        ");
    }

    #[test]
    fn what_comes_next_is_what_the_model_can_do() {
        let look = Use::of(&InputReader::None, false);
        assert_eq!(look.commands("runs/x")[0], "eval runs/x");
        let vocabulary = glassbox_train::data::Vocabulary::of("ab", Default::default(), 0);
        let text = InputReader::Text(vocabulary);
        assert_eq!(Use::of(&text, true).commands("runs/x")[0], "generate runs/x");
        assert_eq!(Use::of(&text, false), Use::Predict);
    }
}
