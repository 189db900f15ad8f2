//! From the data part of a recipe to loaders.

use std::path::Path;
use std::sync::Arc;

use glassbox_nn::Loss;
use glassbox_train::Scores;
use glassbox_train::data::error::DataError;
use glassbox_train::data::{
    Augment, Dataset, Loader, LoaderConfig, NormalizeConfig, Normalizer, Part, Split, SplitConfig,
    Transform, Workers, baseline,
};
use serde::{Deserialize, Serialize};

use crate::constant::ConstantAnswer;
use crate::learned::Unknown;
use crate::precision;
use crate::sources::{DataSource, InputReader, Loaded};
use crate::statistics::InputStatistics;

/// Which data, how split, how normalized.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataConfig {
    /// Where the data comes from.
    #[serde(flatten)]
    pub source: DataSource,
    /// How it is split; the source's default when absent.
    pub split: Option<SplitConfig>,
    /// How inputs are normalized.
    pub normalize: NormalizeConfig,
    /// Whether regression targets are standardized, so that losses and learning rates do not
    /// depend on their unit.
    pub standardize_targets: bool,
    /// What to do about categories, words and characters of other data that were not in the
    /// training data.
    pub unknown: Option<Unknown>,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            source: DataSource::Digits(Default::default()),
            split: None,
            normalize: NormalizeConfig::default(),
            standardize_targets: true,
            unknown: None,
        }
    }
}

/// Data in memory, split, with fitted normalization.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// All items.
    pub dataset: Arc<Dataset>,
    /// Which items are in which part.
    pub split: Split,
    /// The split's settings with every fraction written out.
    pub split_config: SplitConfig,
    /// The normalization of inputs, fitted on the training items.
    pub input_normalizer: Normalizer,
    /// The normalization of regression targets, fitted on the training items; the identity for
    /// classes.
    pub target_normalizer: Normalizer,
    /// How to read files of new inputs alike.
    pub reader: InputReader,
    /// What the training items are like; none for tokens.
    pub statistics: Option<InputStatistics>,
    /// What to do about values of other data that are not in this one.
    pub unknown: Option<Unknown>,
    /// What a user should know, such as files that were left out.
    pub notes: Vec<String>,
    /// The size of each item's image file, `[height, width]`, before it was resized; empty where
    /// items are not from image files.
    pub sizes: Vec<[usize; 2]>,
    /// How many items were left out: damaged files, rows with missing values.
    pub skipped: usize,
}

impl DataConfig {
    /// Loads, splits and fits. Relative paths start at `base_dir`, the recipe's folder.
    ///
    /// # Errors
    /// When the data cannot be used, the split is impossible, or the normalization does not fit.
    pub fn prepare(&self, base_dir: &Path) -> Result<Prepared, DataError> {
        let loaded = self.source.load(base_dir)?;
        let (split_config, split) = self.split_of(&loaded)?;
        let dataset = loaded.dataset;
        let input_normalizer = Normalizer::fit_inputs(&self.normalize, &dataset, &split.train)?;
        let target_normalizer = match self.standardize_targets {
            true => Normalizer::fit_targets(&dataset, &split.train),
            false => Normalizer::default(),
        };
        let mut statistics = InputStatistics::of(&dataset, &split.train);
        if let Some(known) = &mut statistics {
            known.set_names(&loaded.reader.value_names());
            known.set_sizes(&loaded.sizes, &split.train);
        }
        let mut notes = loaded.notes;
        notes.extend(precision::lost(&dataset, &input_normalizer, &target_normalizer));
        Ok(Prepared {
            statistics,
            unknown: self.unknown,
            dataset: Arc::new(dataset),
            split,
            split_config,
            input_normalizer,
            target_normalizer,
            reader: loaded.reader,
            notes,
            sizes: loaded.sizes,
            skipped: loaded.skipped,
        })
    }
}

impl DataConfig {
    /// The split's settings: the source's where there are none.
    pub(super) fn split_config(&self) -> SplitConfig {
        self.split.clone().unwrap_or_else(|| self.source.default_split())
    }

    /// The split, and its settings with every fraction written out.
    pub(super) fn split_of(&self, loaded: &Loaded) -> Result<(SplitConfig, Split), DataError> {
        let official = loaded.official.as_ref();
        let config = self.split_config().resolve(official)?;
        let split = config.split(&loaded.dataset, official)?;
        Ok((config, split))
    }
}

impl Prepared {
    /// The training items, shuffled and augmented as `config` and `augment` say.
    ///
    /// # Errors
    /// When an augmentation does not fit the data.
    pub fn train_loader(
        &self,
        augment: &[Augment],
        config: LoaderConfig,
    ) -> Result<Loader, DataError> {
        let transform = self.transform().with_augment(augment, &self.dataset, config.seed)?;
        Ok(Loader::new(self.dataset.clone(), &self.split.train[..], transform, config))
    }

    /// The items of a part in their own order, without augmentation, prepared by the caller.
    pub fn eval_loader(&self, part: Part, batch_size: usize) -> Loader {
        let workers = Workers::Inline;
        let config = LoaderConfig { batch_size, shuffle: false, workers, ..Default::default() };
        Loader::new(self.dataset.clone(), self.split.part(part), self.transform(), config)
    }

    /// The scores of what needs no learning on a part, beside which those of a model are to be
    /// read: of the best constant answer (`baseline_constant_loss`, `baseline_constant_accuracy`;
    /// see [`ConstantAnswer`]) and of the data set's own baselines (`baseline_last_mae` and the
    /// like).
    pub fn baseline_scores(&self, part: Part, loss: &Loss) -> Scores {
        self.scores_beside(ConstantAnswer::fit(self, loss).as_ref(), part)
    }

    /// As [`Self::baseline_scores`], of a constant answer that was found before.
    pub(crate) fn scores_beside(&self, constant: Option<&ConstantAnswer>, part: Part) -> Scores {
        let mut scores = constant.map_or_else(Scores::new, |answer| answer.scores(self, part));
        scores.extend(&baseline::scores(&self.dataset, self.split.part(part)));
        scores
    }

    fn transform(&self) -> Transform {
        Transform::new(self.input_normalizer.clone(), self.target_normalizer.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::SyntheticConfig;
    use crate::sources::synthetic::Pattern;
    use glassbox_train::data::DataErrorCode;

    fn config(text: &str) -> DataConfig {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_default_is_the_digits_split_by_seven_one_two() {
        let data = DataConfig::default().prepare(Path::new(".")).unwrap();
        let sizes = [Part::Train, Part::Valid, Part::Test].map(|part| data.split.part(part).len());
        assert_eq!(sizes, [1258, 180, 359]);
        let loader = data.eval_loader(Part::Train, 1258);
        let batch = loader.epoch(0, 0).unwrap().next().unwrap().unwrap();
        let values = batch.inputs.as_slice();
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64;
        let squares = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
        let variance = squares / values.len() as f64;
        assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-5, "{mean} {variance}");
    }

    #[test]
    fn configs_read_as_the_data_table_of_a_recipe() {
        let text = r#"{"kind":"synthetic","pattern":"moons","samples":50,"normalize":"none",
            "split":{"train":0.6,"valid":0.2,"test":0.2}}"#;
        let moons = config(text);
        let expected =
            SyntheticConfig { pattern: Pattern::Moons, samples: 50, ..Default::default() };
        assert_eq!(moons.source, DataSource::Synthetic(expected));
        assert_eq!(moons.normalize, NormalizeConfig::None);
        assert_eq!(config(&serde_json::to_string(&moons).unwrap()), moons);
        let data = moons.prepare(Path::new(".")).unwrap();
        assert_eq!(data.split.train.len(), 30);
        assert!(data.input_normalizer.is_identity());
        let unknown = r#"{"kind":"synthetic","smaples":50}"#;
        let error = serde_json::from_str::<DataConfig>(unknown).unwrap_err();
        assert!(error.to_string().contains("smaples"), "{error}");
    }

    #[test]
    fn regression_targets_are_standardized_on_the_training_items() {
        let data = config(r#"{"kind":"synthetic","pattern":"friedman","samples":400}"#);
        let data = data.prepare(Path::new(".")).unwrap();
        let loader = data.eval_loader(Part::Train, 400);
        let batch = loader.epoch(0, 0).unwrap().next().unwrap().unwrap();
        assert_eq!(batch.targets.dims(), [280, 1]);
        let mut targets = batch.targets.to_vec();
        assert!(targets.iter().sum::<f32>().abs() < 1e-3);
        data.target_normalizer.restore(&mut targets);
        assert!(targets.iter().all(|target| (-5.0..40.0).contains(target)));
    }

    #[test]
    fn augmentation_of_a_table_is_refused() {
        let data = config(r#"{"kind":"synthetic"}"#).prepare(Path::new(".")).unwrap();
        let augment = [serde_json::from_str(r#"{"type":"flip_h"}"#).unwrap()];
        let error = data.train_loader(&augment, LoaderConfig::default()).unwrap_err();
        assert_eq!(error.code, DataErrorCode::Augment);
    }
}
