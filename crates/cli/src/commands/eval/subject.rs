//! What is scored: a part of the run's own data, or other data.

use std::path::{Path, PathBuf};

use glassbox_data::{InputReader, Learned, Prepared, Unlike};
use glassbox_nn::Loss;
use glassbox_recipe::Recipe;
use glassbox_runs::{RunFolder, RunRecord};
use glassbox_train::data::{self, DataError, DataErrorCode, Dataset, Targets};

use super::name_of;
use crate::arguments::{Eval, Part};
use crate::failure::Failure;
use crate::format::thousands;

/// The most sentences of one kind that are told.
const MOST_TOLD: usize = 10;

/// What is scored.
pub struct Subject {
    /// The data, read through what the model learned.
    pub data: Prepared,
    /// The part of it.
    pub part: data::Part,
    /// The part of the run's own split; none where all items of other data are scored.
    pub split: Option<Part>,
    /// Where other data comes from.
    pub files: Vec<PathBuf>,
    /// How many items are of a class that the loss ignores.
    pub ignored: usize,
    /// What a user should know.
    pub notes: Vec<String>,
    /// In what the data is unlike the training's.
    pub warnings: Vec<String>,
}

impl Subject {
    /// How many items count: those of an ignored class do not. Sequences of tokens are items whole.
    pub fn items(&self) -> usize {
        self.data.split.part(self.part).len() - self.ignored
    }

    /// Finds how many items are of the class that `loss` ignores.
    pub fn leave_out_ignored(&mut self, loss: &Loss) {
        let Some(class) = loss.ignored() else { return };
        if let Targets::Classes { labels, .. } = self.data.dataset.targets() {
            let items = self.data.split.part(self.part);
            self.ignored = items.iter().filter(|&&item| labels[item as usize] == class).count();
        }
    }

    /// A part of the run's own data, found by the hash of the data.
    pub fn own(
        arguments: &Eval,
        folder: &RunFolder,
        record: &RunRecord,
        recipe: &Recipe,
        learned: &Learned,
    ) -> Result<Self, Failure> {
        let config = recipe.data();
        let path = config.source.path();
        let name = folder.name();
        let data = match config.prepare_known(Path::new(""), learned) {
            Ok(data) if record.is_of(&data.dataset) => data,
            Ok(data) => return Err(changed(&name, path, record, learned, &data.dataset)),
            Err(error) => return Err(unusable(&name, path, &error)),
        };
        Self::part(arguments.split.unwrap_or(Part::Test), data, Vec::new())
    }

    /// All items of other data; with `--split`, that part of the run's own data at another place.
    pub fn other(
        arguments: &Eval,
        files: &[PathBuf],
        record: &RunRecord,
        recipe: &Recipe,
        learned: &Learned,
    ) -> Result<Self, Failure> {
        let config = recipe.data();
        let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        if let Some(split) = arguments.split {
            return Self::moved(split, &paths, record, recipe, learned);
        }
        let data = config.read_labelled(&paths, learned)?;
        let mut notes = data.notes.clone();
        if record.is_of(&data.dataset) {
            notes.push(
                "this is the data that the run was trained on, training items included: --split \
                 test scores those that it has not learned from"
                    .into(),
            );
        }
        let warnings = warnings(learned, &data);
        let files = files.to_vec();
        Ok(Self { data, part: data::Part::Test, split: None, files, ignored: 0, notes, warnings })
    }

    /// A part of the run's own data, which is at another place.
    fn moved(
        split: Part,
        paths: &[&Path],
        record: &RunRecord,
        recipe: &Recipe,
        learned: &Learned,
    ) -> Result<Self, Failure> {
        let refused = |found: String| {
            Failure::Usage(format!(
                "GB0516 × other data has no {} part\n  expected: the run's own data, whose hash is \
                 {}\n  found: {found}\n  help: leave --split out to score all items",
                name_of(split),
                record.data_hash
            ))
        };
        let &[path] = paths else {
            return Err(refused(format!("{} files", paths.len())));
        };
        let mut config = recipe.data().clone();
        config.source = config.source.at(path)?;
        let data = config.prepare_known(Path::new(""), learned)?;
        match record.is_of(&data.dataset) {
            true => Self::part(split, data, vec![path.into()]),
            false => Err(refused(data.dataset.hash_text())),
        }
    }

    fn part(split: Part, data: Prepared, files: Vec<PathBuf>) -> Result<Self, Failure> {
        let part = split.into();
        if data.split.part(part).is_empty() {
            let name = name_of(split);
            return Err(Failure::Usage(format!(
                "GB0524 × this run has no {name} items\n  expected: a {name} part in its split\n  \
                 found: none\n  help: --split scores another part, `glassbox eval RUN FILE…` other \
                 labelled data; for a {name} part, train again with data.split"
            )));
        }
        let (notes, warnings) = (Vec::new(), Vec::new());
        Ok(Self { data, part, split: Some(split), files, ignored: 0, notes, warnings })
    }
}

/// In what the items of a data set are unlike those of the training.
fn warnings(learned: &Learned, data: &Prepared) -> Vec<String> {
    let (Some(known), dataset) = (&learned.statistics, &data.dataset) else { return Vec::new() };
    let unlike = known.unlike(dataset);
    let mut told = unlike.whole;
    if let InputReader::Image(format) = &learned.reader {
        told.extend(known.unlike_sizes(&data.sizes, [format.height, format.width]));
    }
    let is_image = dataset.is_image();
    if let (true, Some((first, sentences))) = (told.is_empty() || is_image, unlike.items.first()) {
        let (strange, all) = (unlike.items.len(), dataset.len());
        let first = format!("item {}: {}", first + 1, sentences.join("; "));
        told.push(format!("{strange} of {all} items are unlike the training's; {first}"));
    }
    Unlike::shortened(told, MOST_TOLD)
}

/// The error of a run whose data is no longer what it was.
fn changed(
    run: &str,
    path: Option<&Path>,
    record: &RunRecord,
    learned: &Learned,
    dataset: &Dataset,
) -> Failure {
    let items = |count: usize| format!("{} items", thousands(count as u64));
    let now = dataset.len();
    let (expected, found) = match learned.statistics.as_ref().map(|known| known.total) {
        Some(then) if then != now => {
            (format!("{} with", items(then)), format!("{} with", items(now)))
        }
        Some(then) => (
            format!("the {} of the training with", items(then)),
            "as many, but other values, classes or another order, with".into(),
        ),
        None => ("the items of the training with".into(), format!("{} with", items(now))),
    };
    let at = path.map_or_else(|| dataset.name().to_owned(), |path| path.display().to_string());
    Failure::Failed(format!(
        "GB0516 × the data of {run} has changed since it was trained\n  at: {at}\n  expected: \
         {expected} the hash {}\n  found: {found} the hash {}\n  help: put the data back to score \
         the run's own split; `glassbox eval {run} {at}` scores all items of what is there now",
        record.data_hash,
        dataset.hash_text()
    ))
}

/// The error of a run whose data cannot be read as it was in training.
fn unusable(run: &str, path: Option<&Path>, error: &DataError) -> Failure {
    let at = path.map_or_else(String::new, |path| path.display().to_string());
    let gone = error.code == DataErrorCode::Unreadable && path.is_some_and(|path| !path.exists());
    Failure::Failed(match gone {
        true => format!(
            "GB0518 × the data of {run} is not where it was\n  expected: {at}\n  found: nothing \
             there\n  help: put it back, or name where it is now: `glassbox eval {run} FILE --split \
             test` scores the test items of the same data, `glassbox eval {run} FILE` all items of \
             any labelled data"
        ),
        false => format!(
            "GB0516 × the data of {run} has changed: it cannot be read as in training\n  at: \
             {at}\n{error}"
        ),
    })
}
