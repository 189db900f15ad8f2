//! The checkpoints of a run, and what to say of a run that failed.

use std::path::PathBuf;

use glassbox_recipe::{override_key, refusal, value_at};
use glassbox_runs::{Kept, RunFolder, RunRecord, Status, kept};
use glassbox_train::Monitor;
use serde_json::json;

use crate::arguments::{Checkpoint, Output, Progress};
use crate::failure::Failure;
use crate::report_page;
use crate::terminal::{self, complain, say};

/// `best (epoch 4, step 36), last (epoch 12, step 108)`, or `nothing`.
pub fn list(kept: &[Kept]) -> String {
    let names: Vec<_> = kept.iter().map(ToString::to_string).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

/// The file of the weights that the user chose. What is wrong with the run is said: its weights are
/// those of a training that failed, or are not there.
pub fn weights(folder: &RunFolder, checkpoint: Checkpoint) -> Result<PathBuf, Failure> {
    let (path, name) = match checkpoint {
        Checkpoint::Best => (folder.best_weights(), "best"),
        Checkpoint::Last => (folder.last_weights(), "last"),
    };
    let record = folder.record()?;
    let failed = record.status == Status::Failed;
    if path.exists() {
        if failed {
            let kept = list(&kept(folder));
            complain!("note: {}\n  these are its {name} weights; kept: {kept}", failure(&record));
        }
        return Ok(path);
    }
    let there = [(folder.best_weights(), "best"), (folder.last_weights(), "last")];
    let there = there.iter().find(|(path, _)| path.exists()).map(|(_, name)| *name);
    let help = match there {
        Some(other) => format!("--checkpoint {other} uses those that are there"),
        None => format!("glassbox train {}", folder.recipe().display()),
    };
    let why = match failed {
        true => failure(&record),
        false if record.epoch == 0 => format!("{} has not completed an epoch", folder.name()),
        false => "the file is gone, or no epoch had a score to be the best by".into(),
    };
    Err(Failure::Failed(format!(
        "GB0521 × there are no {name} weights: {why}\n  expected: {}\n  found: {}\n  help: {help}",
        path.display(),
        list(&kept(folder)),
    )))
}

/// `2026-11-30-price failed at step 110 (epoch 13): loss became infinite …`, on one line.
fn failure(record: &RunRecord) -> String {
    let error = record.error.as_deref().unwrap_or_default();
    let error = error.lines().next().unwrap_or_default();
    match record.failed_at {
        Some(at) => {
            format!("{} failed at step {} (epoch {}): {error}", record.name, at.step, at.epoch)
        }
        None => format!("{} failed: {error}", record.name),
    }
}

/// The end of a run that failed: `run.json` says why, there is a report of what was reached, and
/// the message tells what is kept and how to resume.
pub fn ends_in_failure(
    folder: &RunFolder,
    started: RunRecord,
    failure: Failure,
    output: &Output,
) -> Failure {
    let mut record = folder.record().unwrap_or(started);
    if record.status != Status::Failed {
        record.status = Status::Failed;
        record.error = Some(failure.message());
        // A disk that does not take this is not told again: the failure itself is on its way.
        let _ = folder.write_record(&mut record);
    }
    tell_program(folder, &record, output);
    write_report(folder);
    match failure {
        Failure::Failed(message) if record.has_diverged() => {
            Failure::Failed(format!("{message}{}", how_to_resume(folder, &record)))
        }
        other => other,
    }
}

/// The end of a resumption that did not come to its first step: the run is as it was before.
pub fn does_not_begin(folder: &RunFolder, failure: Failure, output: &Output) -> Failure {
    let mut record = folder.record().unwrap_or_default();
    (record.error, record.failed_at) = (Some(failure.message()), None);
    tell_program(folder, &record, output);
    failure
}

/// The error of `record` as an event, where progress is told in JSON.
fn tell_program(folder: &RunFolder, record: &RunRecord, output: &Output) {
    if output.progress.unwrap_or_else(terminal::default_progress) != Progress::Json {
        return;
    }
    let message = record.error.as_deref().unwrap_or_default();
    say!(
        "{}",
        json!({
            "event": "error",
            "code": message.get(..6).filter(|code| code.starts_with("GB")),
            "message": message,
            "epoch": record.failed_at.map(|at| at.epoch),
            "step": record.failed_at.map(|at| at.step),
            "best": record.best,
            "path": folder.path(),
        })
    );
}

/// What a run that diverged has kept, and the command that gets further: it resumes from the best
/// weights, or trains from scratch where these are of no use.
pub fn how_to_resume(folder: &RunFolder, record: &RunRecord) -> String {
    let kept = kept(folder);
    let settings = match &record.advice {
        Some(settings) if settings.is_empty() => {
            return format!("\n  kept: {}", list(&kept));
        }
        Some(settings) => settings.clone(),
        None => tenth_of_rate(folder).into_iter().collect(),
    };
    let has_best = kept.iter().any(|kept| kept.name == "best");
    let why = match (has_best, best_is_lost(record)) {
        (false, _) => "; no epoch was completed, so there are no good weights to resume from",
        (true, true) => "; no lower rate brings these weights back",
        (true, false) if is_for_new_runs(&settings) => {
            "; what a model reads cannot change: these weights are of no use to it"
        }
        (true, false) => "",
    };
    let kept = format!("\n  kept: {}{why}", list(&kept));
    if !why.is_empty() && folder.resolved().exists() {
        return format!("{kept}\n  next: {}", train_again(folder, &settings));
    }
    let from = if has_best { " --from best" } else { "" };
    let (run, set) = (folder.path().display(), flags(&settings));
    format!("{kept}\n  next: glassbox resume {run}{set}{from}")
}

/// The command that trains a run's recipe from scratch with these settings.
pub fn train_again(folder: &RunFolder, settings: &[String]) -> String {
    format!("glassbox train {}{}", folder.resolved().display(), flags(settings))
}

/// ` --set train.optimizer.lr=0.1`.
fn flags(settings: &[String]) -> String {
    match settings {
        [] => " --set train.optimizer.lr=…".into(),
        settings => settings.iter().map(|setting| format!(" --set {setting}")).collect(),
    }
}

/// Whether one of them is refused when a run resumes.
fn is_for_new_runs(settings: &[String]) -> bool {
    settings.iter().any(|setting| refusal(&override_key(setting)).is_some())
}

/// By how much the best weights are worse than the best constant answer when no rate brings them
/// back.
const LOST: f64 = 100.0;

/// Whether the best weights were far out already: a lower rate from there on helps no more.
fn best_is_lost(record: &RunRecord) -> bool {
    let (Some(best), Some(baseline)) = (&record.best, &record.baseline) else { return false };
    if (Monitor { metric: best.metric.clone() }).larger_is_better() {
        return false;
    }
    let (_, name) = best.metric.split_once('.').unwrap_or(("", &best.metric));
    // Of one output alone: no output's error is larger than the sum of all, of which the baseline
    // has the mean.
    let (name, outputs) = match name.split_once('.') {
        Some((name, _)) => (name, outputs_with(record, name)),
        None => (name, 1),
    };
    let Some(baseline) = baseline.get(&format!("baseline_constant_{name}")) else { return false };
    let (value, baseline) = match name {
        // A perplexity is the exponential of a loss.
        "perplexity" => (best.value.ln(), baseline.ln()),
        _ => (best.value, baseline * outputs as f64),
    };
    // Beside a baseline of 0 every error is infinitely larger, however small it is.
    value.is_nan() || (baseline > 0.0 && value > LOST * baseline)
}

/// How many outputs have a score called `name` of their own.
fn outputs_with(record: &RunRecord, name: &str) -> usize {
    let scores = record.valid.as_ref().or(record.train.as_ref());
    let names = scores.into_iter().flat_map(|scores| scores.iter()).map(|(name, _)| name);
    let own = |score: &&str| score.split_once('.').is_some_and(|(score, _)| score == name);
    names.filter(own).count().max(1)
}

/// The advice for a run of an earlier version, which noted none: a tenth of its highest rate.
fn tenth_of_rate(folder: &RunFolder) -> Option<String> {
    let recipe = std::fs::read_to_string(folder.resolved()).ok()?;
    ["train.schedule.max_lr", "train.optimizer.lr"].into_iter().find_map(|key| {
        let rate: f64 = value_at(&recipe, key)?.parse().ok()?;
        let lower: f64 = format!("{:.2e}", rate / 10.0).parse().ok()?;
        Some(format!("{key}={lower}"))
    })
}

/// Writes the report. Everything else is done: a report that cannot be written is not a failure.
pub fn write_report(folder: &RunFolder) {
    let written = folder.record().map_err(Failure::from);
    if let Err(Failure::Failed(message)) =
        written.and_then(|record| report_page::write(folder, record))
    {
        complain!("note: there is no report: {message}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_advice_gets_a_tenth_of_its_highest_rate() {
        let runs = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(runs.path(), "a").unwrap();
        assert_eq!(tenth_of_rate(&folder), None);
        let optimizer = "[train]\noptimizer = { type = \"sgd\", lr = 0.01 }\n";
        let cycle = format!("{optimizer}schedule = {{ type = \"one_cycle\", max_lr = 30.0 }}\n");
        for (recipe, advice) in
            [(optimizer, "train.optimizer.lr=0.001"), (&cycle, "train.schedule.max_lr=3")]
        {
            std::fs::write(folder.resolved(), recipe).unwrap();
            assert_eq!(tenth_of_rate(&folder).as_deref(), Some(advice));
        }
    }

    #[test]
    fn what_comes_next_is_what_helps() {
        let runs = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(runs.path(), "a").unwrap();
        std::fs::write(folder.resolved(), "").unwrap();
        let advised = |advice: &[&str]| RunRecord {
            advice: Some(advice.iter().map(ToString::to_string).collect()),
            ..RunRecord::default()
        };
        // No epoch was completed: the only weights are those that grew.
        let text = how_to_resume(&folder, &advised(&["train.optimizer.lr=0.1"]));
        assert!(text.contains("no epoch was completed"), "{text}");
        assert!(text.contains("next: glassbox train "), "{text}");
        assert!(text.ends_with("resolved.toml --set train.optimizer.lr=0.1"), "{text}");
        let text = how_to_resume(&folder, &advised(&[]));
        assert!(!text.contains("next"), "no setting helps: {text}");
        let scale = ["data.normalize=standard".to_owned()];
        assert!(is_for_new_runs(&scale) && !is_for_new_runs(&["train.optimizer.lr=1".into()]));
    }

    #[test]
    fn weights_far_worse_than_a_constant_answer_are_lost() {
        let with = |metric: &str, value| RunRecord {
            best: Some(glassbox_train::Best { metric: metric.into(), value, epoch: 1 }),
            baseline: Some([("baseline_constant_loss", 1.2)].into_iter().collect()),
            ..RunRecord::default()
        };
        assert!(best_is_lost(&with("valid.loss", 1e43)));
        assert!(best_is_lost(&with("valid.loss", f64::INFINITY)));
        assert!(!best_is_lost(&with("valid.loss", 1.3)));
        assert!(!best_is_lost(&with("valid.r2", 1e43)));
        assert!(!best_is_lost(&RunRecord::default()));
    }

    #[test]
    fn lost_weights_are_known_by_any_error() {
        let with = |metric: &str, value, baseline: (&str, f64)| RunRecord {
            best: Some(glassbox_train::Best { metric: metric.into(), value, epoch: 1 }),
            baseline: Some([baseline].into_iter().collect()),
            valid: Some([("mae.price", 1.0), ("mae.size", 1.0)].into_iter().collect()),
            ..RunRecord::default()
        };
        // Of an output called as a score that is better when larger, and of one of two outputs.
        let mae = ("baseline_constant_mae", 2.0);
        for (metric, value, lost) in [
            ("valid.mae.price", 1e9, true),
            ("valid.mae.price", 399.0, false),
            ("valid.mae.r2", 1e9, true),
            ("valid.r2.mae", 1e9, false),
            ("valid.mae", 201.0, true),
        ] {
            assert_eq!(best_is_lost(&with(metric, value, mae)), lost, "{metric} {value}");
        }
        let perplexity = ("baseline_constant_perplexity", 20.0);
        assert!(best_is_lost(&with("valid.perplexity", f64::INFINITY, perplexity)));
        assert!(!best_is_lost(&with("valid.perplexity", 3000.0, perplexity)), "a loss of 8");
        assert!(!best_is_lost(&with("valid.mae", 0.1, ("baseline_constant_mae", 0.0))));
    }

    #[test]
    fn failures_are_told_on_one_line() {
        let record = RunRecord {
            name: "price".into(),
            error: Some("GB0402 × loss became infinite\n  help: …".into()),
            failed_at: Some(glassbox_train::FailedAt { epoch: 13, step: 110 }),
            ..RunRecord::default()
        };
        let text = "price failed at step 110 (epoch 13): GB0402 × loss became infinite";
        assert_eq!(failure(&record), text);
        assert_eq!(list(&[]), "nothing");
    }
}
