//! The folder of a run: self-contained, so that it can be copied, compared and resumed elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use glassbox_data::civil::Civil;

use crate::run_record::RunRecord;
use crate::{RunError, atomic};

/// Where the files of a run are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

/// What a folder of runs holds.
#[derive(Debug, Default)]
pub struct FoundRuns {
    /// The runs, oldest first.
    pub whole: Vec<(RunFolder, RunRecord)>,
    /// The folders whose `run.json` cannot be read, each with the reason.
    pub damaged: Vec<(RunFolder, RunError)>,
}

impl RunFolder {
    /// A new folder below `runs`: the date, the run's name as [`RunFolder::part_of_name`] writes
    /// it, and four hexadecimal digits that keep it apart from others (`2026-11-23-digits-3f2a`).
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create(runs: &Path, name: &str) -> Result<Self, RunError> {
        fs::create_dir_all(runs).map_err(|source| RunError::folder(runs, source))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut rng =
            glassbox_tensor::Rng::new(now.as_nanos() as u64 ^ u64::from(std::process::id()));
        loop {
            let digits = rng.next_u64() & 0xffff;
            let path = runs.join(format!(
                "{}-{}-{digits:04x}",
                date(now.as_secs()),
                Self::part_of_name(name)
            ));
            match fs::create_dir(&path) {
                Ok(()) => {
                    let checkpoints = path.join("checkpoints");
                    fs::create_dir(&checkpoints)
                        .map_err(|source| RunError::folder(&checkpoints, source))?;
                    return Ok(Self { path });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(RunError::folder(&path, source)),
            }
        }
    }

    /// `name` as a part of a file name: letters and digits of ASCII, `_`, `.` and `-` stay,
    /// everything else becomes `-`, and 60 characters are kept.
    pub fn part_of_name(name: &str) -> String {
        let stays = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let keep = |c: char| if stays(&c) { c } else { '-' };
        let part: String = name.trim().chars().map(keep).take(60).collect();
        if part.is_empty() { "run".into() } else { part }
    }

    /// The folder of an existing run.
    ///
    /// # Errors
    /// When `path` is not the folder of a run.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let folder = Self { path: path.into() };
        folder.record()?;
        Ok(folder)
    }

    /// All runs below `runs`, oldest first.
    pub fn list(runs: &Path) -> Vec<(Self, RunRecord)> {
        Self::scan(runs).whole
    }

    /// All runs below `runs`, damaged ones by themselves.
    pub fn scan(runs: &Path) -> FoundRuns {
        let entries = fs::read_dir(runs).into_iter().flatten().flatten();
        let (mut found, mut damaged) = (Vec::new(), Vec::new());
        for folder in entries.map(|entry| Self { path: entry.path() }) {
            match folder.record() {
                Ok(record) => found.push((folder, record)),
                Err(error) if folder.path.join("run.json").is_file() => {
                    damaged.push((folder, error));
                }
                Err(_) => {} // something else
            }
        }
        // Runs of the same second are told apart by when their recipe was written.
        found.sort_by_cached_key(|(folder, record)| (record.started, folder.written()));
        FoundRuns { whole: found, damaged }
    }

    /// When the recipe was written: at the run's beginning.
    fn written(&self) -> Option<SystemTime> {
        fs::metadata(self.recipe()).and_then(|recipe| recipe.modified()).ok()
    }

    /// Whether the run began after `other`, as far as its files tell: one whose `run.json` is damaged
    /// does not say it itself.
    pub fn is_newer(&self, other: &Self) -> bool {
        match (self.written(), other.written()) {
            (Some(ours), Some(theirs)) => ours > theirs,
            _ => self.name() > other.name(),
        }
    }

    /// The name of a run's folder without the date with which [`create`](Self::create) begins it.
    pub fn without_date(name: &str) -> &str {
        let mut rest = name;
        for digits in [4, 2, 2] {
            match rest.split_once('-') {
                Some((part, after))
                    if part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()) =>
                {
                    rest = after;
                }
                _ => return name,
            }
        }
        rest
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's name: the folder's.
    pub fn name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// The recipe as given.
    pub fn recipe(&self) -> PathBuf {
        self.path.join("recipe.toml")
    }

    /// The recipe with every default written out.
    pub fn resolved(&self) -> PathBuf {
        self.path.join("resolved.toml")
    }

    /// The event log.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// The gradient norms by time lag.
    pub fn lags(&self) -> PathBuf {
        self.path.join("lags.jsonl")
    }

    /// What a language model wrote after so many epochs.
    pub fn sample(&self, epoch: usize) -> PathBuf {
        self.path.join(format!("samples/epoch-{epoch:04}.txt"))
    }

    /// The report, to be opened with a browser.
    pub fn report(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// The best weights.
    pub fn best_weights(&self) -> PathBuf {
        self.path.join("checkpoints/best.safetensors")
    }

    /// The last weights.
    pub fn last_weights(&self) -> PathBuf {
        self.path.join("checkpoints/last.safetensors")
    }

    /// The exact training state.
    pub fn training_state(&self) -> PathBuf {
        self.path.join("checkpoints/training-state.safetensors")
    }

    /// The exact training state of the best weights.
    pub fn best_state(&self) -> PathBuf {
        self.path.join("checkpoints/best-state.safetensors")
    }

    /// The exact training state after `step` steps, where the recipe asks for checkpoints.
    pub fn step_state(&self, step: u64) -> PathBuf {
        self.path.join(format!("checkpoints/step-{step}.safetensors"))
    }

    /// The steps of which the folder holds the exact state because the recipe asks for it.
    pub fn kept_steps(&self) -> Vec<u64> {
        let entries = fs::read_dir(self.path.join("checkpoints")).into_iter().flatten().flatten();
        let step =
            |name: &str| name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok();
        let mut steps: Vec<u64> =
            entries.filter_map(|entry| step(entry.file_name().to_str()?)).collect();
        steps.sort_unstable();
        steps
    }

    /// What the process that trains the run locks.
    pub fn lock(&self) -> PathBuf {
        self.path.join("run.lock")
    }

    /// Reads `run.json`.
    ///
    /// # Errors
    /// When it is missing or does not parse.
    pub fn record(&self) -> Result<RunRecord, RunError> {
        let path = self.path.join("run.json");
        let text = fs::read_to_string(&path).map_err(|source| RunError::folder(&path, source))?;
        serde_json::from_str(&text).map_err(|error| RunError::folder(&path, error.into()))
    }

    /// Writes `run.json` with the current time as heartbeat.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write_record(&self, record: &mut RunRecord) -> Result<(), RunError> {
        let path = self.path.join("run.json");
        record.heartbeat = unix_time();
        let text = serde_json::to_string_pretty(record)
            .map_err(|error| RunError::folder(&path, error.into()))?;
        atomic::write(&path, text.as_bytes()).map_err(|source| RunError::folder(&path, source))
    }
}

/// Seconds since 1970 (UTC).
pub fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs())
}

/// The date (UTC) of a time in seconds since 1970.
pub(crate) fn date(seconds: u64) -> Civil {
    Civil::from_days((seconds / 86_400) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_found_and_read_back() {
        let runs = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(runs.path(), "my net/7").unwrap();
        assert!(folder.name().contains("-my-net-7-"), "{}", folder.name());
        assert_eq!(RunFolder::part_of_name(" drop0.0 "), "drop0.0");
        assert_eq!(RunFolder::part_of_name(""), "run");
        let names = ["2026-11-23-3layers-ab12", "2026-11-23-rnn-3f2a", "3f2a", "a-b-c-d"];
        let short = ["3layers-ab12", "rnn-3f2a", "3f2a", "a-b-c-d"];
        assert_eq!(names.map(RunFolder::without_date), short);
        assert!(RunFolder::open(folder.path()).is_err(), "no run.json yet");
        let mut record = RunRecord { name: folder.name(), seed: 7, ..RunRecord::default() };
        folder.write_record(&mut record).unwrap();
        assert_eq!(RunFolder::open(folder.path()).unwrap().record().unwrap(), record);
        let listed = RunFolder::list(runs.path());
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].1.name, folder.name());
    }
}
