//! What a model learned about its data, and other data read through it.

use std::path::Path;
use std::sync::Arc;

use glassbox_train::data::error::{DataError, DataErrorCode, first_of};
use glassbox_train::data::{Normalizer, Split};
use serde::{Deserialize, Serialize};

use crate::prepare::{DataConfig, Prepared};
use crate::sources::{DataSource, InputReader};
use crate::statistics::InputStatistics;

/// What a model learned about its data: how files are read, which classes there are and in which
/// order, how values are normalized. It is in the metadata of the weights
/// (`PredictorConfig::learned` of the crate of runs). Data read through it becomes the
/// inputs that the model was trained on: nothing is fitted again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// The shape of one input, without the batch axis.
    pub input: Vec<usize>,
    /// Columns, categories, vocabulary, or the format of images.
    pub reader: InputReader,
    /// The classes, tokens or values, in the order of the model's outputs.
    pub names: Vec<String>,
    /// The normalization of inputs.
    pub input_normalizer: Normalizer,
    /// The standardisation of targets, which gives their units.
    pub target_normalizer: Normalizer,
    /// What the training items were like; `None` in files of earlier versions.
    #[serde(default)]
    pub statistics: Option<InputStatistics>,
    /// What to do about values that were not in the training data.
    #[serde(default)]
    pub unknown: Option<Unknown>,
}

/// What to do about categories, words and characters that were not in the training data. Classes to
/// be scored are always errors: they have no score.
///
/// Where a recipe does not say, categories and characters are errors, and words become the token
/// `<unknown>`, with a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// They are errors that name the place.
    Error,
    /// A category is none of the known ones (0 for each of them); a word, or a character where the
    /// vocabulary has a token for it, is `<unknown>`.
    Other,
}

impl DataConfig {
    /// Loads and splits as [`DataConfig::prepare`], through what a model learned about its data:
    /// nothing is fitted, so that the items are those the model was trained on as long as the data
    /// is the same. This is how a run is evaluated and resumed. Whether the data is the same is for
    /// the caller to ask: [`Dataset::matches`](glassbox_train::data::Dataset::matches) with the hash in `run.json`.
    ///
    /// # Errors
    /// When the data cannot be used, or has something that the model does not know: a class, a
    /// category, a character, another shape, a column less.
    pub fn prepare_known(&self, base_dir: &Path, learned: &Learned) -> Result<Prepared, DataError> {
        let loaded = self.source.load_known(base_dir, learned)?;
        let (split_config, split) = self.split_of(&loaded)?;
        Ok(learned.prepared(loaded, split_config, split))
    }

    /// Reads other data, labelled, through what a model learned about its own. All items are for the
    /// test: there is no split. Several `paths` are one data set, in their order; without any the
    /// source's own path is read.
    ///
    /// # Errors
    /// As [`DataConfig::prepare_known`], and when the source has no files.
    pub fn read_labelled(&self, paths: &[&Path], learned: &Learned) -> Result<Prepared, DataError> {
        let here = Path::new("");
        let mut loaded = match paths {
            [] => self.source.load_known(here, learned)?,
            [first, ..] => self.source.at(first)?.load_known(here, learned)?,
        };
        for path in paths.iter().skip(1) {
            let more = self.source.at(path)?.load_known(here, learned)?;
            loaded.dataset = loaded.dataset.joined(&more.dataset)?;
            loaded.notes.extend(more.notes);
            loaded.sizes.extend(more.sizes);
            loaded.skipped += more.skipped;
        }
        let test = (0..loaded.dataset.len() as u32).collect();
        let split = Split { test, ..Split::default() };
        Ok(learned.prepared(loaded, self.split_config(), split))
    }
}

impl Learned {
    fn prepared(
        &self,
        loaded: crate::Loaded,
        split_config: glassbox_train::data::SplitConfig,
        split: Split,
    ) -> Prepared {
        let statistics = self.statistics.clone().or_else(|| {
            let mut seen = InputStatistics::of(&loaded.dataset, &split.train)?;
            seen.set_sizes(&loaded.sizes, &split.train);
            Some(seen)
        });
        Prepared {
            dataset: Arc::new(loaded.dataset),
            split,
            split_config,
            input_normalizer: self.input_normalizer.clone(),
            target_normalizer: self.target_normalizer.clone(),
            reader: self.reader.clone(),
            statistics,
            unknown: self.unknown,
            notes: loaded.notes,
            sizes: loaded.sizes,
            skipped: loaded.skipped,
        }
    }

    /// The error of data that is not of the kind the model was trained on.
    pub(super) fn other_kind(&self, source: &DataSource) -> DataError {
        DataError::new(DataErrorCode::OtherData, "the data is of another kind than the model's")
            .expected(format!("{}, as in training", self.reader.what()))
            .found(format!("kind = \"{}\"", source.kind()))
            .help("use a model that was trained on such data")
    }

    /// The error of a class that is none of `names`, which it lists.
    pub(super) fn unknown_class(names: &[String], class: &str) -> DataError {
        let listed = first_of(names.iter().map(String::as_str), 20);
        DataError::new(DataErrorCode::UnknownClass, "a class is unknown to the model")
            .expected(format!("one of the classes it was trained on: {listed}"))
            .found(glassbox_train::data::error::quote(class))
            .help(
                "correct the label or take the item out; to learn the class, train again with it \
                 in the data",
            )
    }
}
