//! What `run.json` says of a run.

use glassbox_train::data::Dataset;
use glassbox_train::{Best, FailedAt, Scores, StopReason};
use serde::{Deserialize, Deserializer, Serialize};

/// How a run is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being trained, if a process holds its lock; killed otherwise.
    #[default]
    Running,
    /// Trained to its end.
    Finished,
    /// Stopped by the user, saved.
    Interrupted,
    /// Ended by an error.
    Failed,
}

/// The content of `run.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunRecord {
    /// The run's name, which is that of its folder.
    pub name: String,
    /// How it is doing.
    pub status: Status,
    /// When it began, in seconds since 1970 (UTC).
    pub started: u64,
    /// When it was last known to be alive, in seconds since 1970 (UTC).
    pub heartbeat: u64,
    /// Glassbox's version.
    pub version: String,
    /// The instruction set that the kernels used.
    pub cpu: String,
    /// Threads used.
    pub threads: usize,
    /// The seed.
    pub seed: u64,
    /// A hash of the data.
    pub data_hash: String,
    /// Trainable values of the model.
    pub parameters: usize,
    /// Epochs asked for.
    pub epochs: usize,
    /// Epochs completed.
    pub epoch: usize,
    /// Optimizer steps made.
    pub step: u64,
    /// Seconds trained, over all resumes.
    pub seconds: f64,
    /// Scores of the last epoch on the training set.
    pub train: Option<Scores>,
    /// Scores of the last epoch on the validation set.
    pub valid: Option<Scores>,
    /// Scores of the best weights on the test set, once evaluated.
    pub test: Option<Scores>,
    /// The scores of what needs no learning, on the validation set (on the training set where
    /// there is none).
    pub baseline: Option<Scores>,
    /// That the run is no better than these, in a sentence.
    pub verdict: Option<String>,
    /// What the command line changed of the recipe, as `train.epochs=3`; not known of old runs.
    pub overrides: Option<Vec<String>>,
    /// The best monitored score.
    pub best: Option<Best>,
    /// Why it ended before its last epoch.
    pub stopped: Option<StopReason>,
    /// What went wrong.
    pub error: Option<String>,
    /// What to set to get further, as `train.optimizer.lr=0.1`, when it diverged or its loss grew;
    /// empty where no setting helps, none for old runs.
    #[serde(deserialize_with = "one_or_several")]
    pub advice: Option<Vec<String>>,
    /// Where it went wrong, when that was in training.
    pub failed_at: Option<FailedAt>,
    /// What should be known of a run that came to its end, such as a loss that grew all the way.
    pub warning: Option<String>,
    /// Where the data was when the run began or was last resumed: it is found there when the run's
    /// folder was moved without it.
    pub data_path: Option<String>,
    /// The resumptions that changed something, in order.
    pub history: Vec<Resumption>,
}

impl RunRecord {
    /// Whether training ended because the loss or a weight was no number: the same steps would end
    /// in the same way.
    pub fn has_diverged(&self) -> bool {
        let error = self.error.as_deref().unwrap_or_default();
        self.status == Status::Failed && error.starts_with("GB0402")
    }

    /// Whether the run was trained on this data set.
    pub fn is_of(&self, dataset: &Dataset) -> bool {
        u64::from_str_radix(&self.data_hash, 16).is_ok_and(|hash| dataset.matches(hash))
    }
}

/// One setting, as earlier versions wrote it, or a list.
fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Advice {
        One(String),
        Several(Vec<String>),
    }
    Ok(Option::<Advice>::deserialize(from)?.map(|advice| match advice {
        Advice::One(setting) => vec![setting],
        Advice::Several(settings) => settings,
    }))
}

/// A resumption that changed something, or that followed a failure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resumption {
    /// When, in seconds since 1970 (UTC).
    pub time: u64,
    /// Optimizer steps made before it.
    pub step: u64,
    /// Epochs completed before it.
    pub epoch: usize,
    /// The checkpoint from which it resumed: `last`, `best`, or `step 120`.
    pub from: String,
    /// The failure that it followed.
    pub after: Option<String>,
    /// What it changed.
    pub changes: Vec<Change>,
}

/// A key of the recipe that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The key, as in `--set`.
    pub key: String,
    /// Its value before, as TOML; none when there was none.
    pub old: Option<String>,
    /// Its value now; none when there is none.
    pub new: Option<String>,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".into());
        write!(f, "{} = {} → {}", self.key, text(&self.old), text(&self.new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_earlier_versions_are_read() {
        let old = r#"{"name":"a","status":"failed","epoch":3,"error":"GB0402 × loss became NaN",
            "best":{"metric":"valid.loss","value":null,"epoch":1}}"#;
        let record: RunRecord = serde_json::from_str(old).unwrap();
        assert!(record.has_diverged() && record.history.is_empty());
        assert!(record.best.unwrap().value.is_nan(), "null is a score that was no number");
        let advised = r#"{"advice":"train.optimizer.lr=0.1"}"#;
        let record: RunRecord = serde_json::from_str(advised).unwrap();
        assert_eq!(record.advice.unwrap(), ["train.optimizer.lr=0.1"]);
        let none: RunRecord = serde_json::from_str(r#"{"advice":null}"#).unwrap();
        assert_eq!(none.advice, None);
        let full = RunRecord { error: Some("GB0510 × …".into()), ..record_of_failure() };
        assert!(!full.has_diverged());
        assert!(record_of_failure().has_diverged());
    }

    fn record_of_failure() -> RunRecord {
        RunRecord {
            status: Status::Failed, error: Some("GB0402 × …".into()), ..Default::default()
        }
    }
}
