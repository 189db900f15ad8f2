//! Where data comes from: one file a source, gathered in [`DataSource`].

pub mod csv;
pub mod digits;
pub mod idx;
mod idx_file;
pub mod images;
mod items;
mod known;
pub mod lines;
mod new_data;
mod reader;
mod sequences;
pub mod series;
pub mod synthetic;
pub mod text;
use std::path::Path;

use glassbox_train::Task;
use glassbox_train::data::error::DataError;
use glassbox_train::data::{Dataset, Split, SplitConfig};
use serde::{Deserialize, Serialize};

pub use csv::CsvConfig;
pub use digits::DigitsConfig;
pub use idx::IdxConfig;
pub use images::ImagesConfig;
pub use items::{Items, Row};
pub use lines::LinesConfig;
pub use reader::InputReader;
pub use series::SeriesConfig;
pub use synthetic::SyntheticConfig;
pub use text::TextConfig;

/// A data source of a recipe: the keys of its `[data]` table, told apart by `kind`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DataSource {
    /// The embedded handwritten digits.
    Digits(DigitsConfig),
    /// IDX files, as MNIST and Fashion-MNIST are distributed.
    Idx(IdxConfig),
    /// A table in a CSV file.
    Csv(CsvConfig),
    /// A folder of class folders of images.
    Images(ImagesConfig),
    /// Made-up data with known answers.
    Synthetic(SyntheticConfig),
    /// A text, to continue.
    Text(TextConfig),
    /// A time series, to forecast.
    Series(SeriesConfig),
    /// Short texts, to classify.
    Lines(LinesConfig),
}

/// What a source gives.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// All items of all parts.
    pub dataset: Dataset,
    /// The parts that the source itself defines, if it does. Without validation items these are
    /// taken from the training items.
    pub official: Option<Split>,
    /// How to read files of new inputs alike.
    pub reader: InputReader,
    /// What a user should know, such as files that were left out.
    pub notes: Vec<String>,
    /// The size of each item's image file, `[height, width]`, before it was resized; empty where
    /// items are not from image files.
    pub sizes: Vec<[usize; 2]>,
    /// How many items were left out: damaged files, rows with missing values.
    pub skipped: usize,
}

impl Loaded {
    /// Data of one part, without images.
    fn new(dataset: Dataset, reader: InputReader, notes: Vec<String>) -> Self {
        Self { dataset, official: None, reader, notes, sizes: Vec::new(), skipped: 0 }
    }
}

impl DataSource {
    /// Every `kind`.
    pub const KINDS: [&str; 8] =
        ["digits", "idx", "csv", "images", "synthetic", "text", "series", "lines"];

    /// The `kind` of this source.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Digits(_) => "digits",
            Self::Idx(_) => "idx",
            Self::Csv(_) => "csv",
            Self::Images(_) => "images",
            Self::Synthetic(_) => "synthetic",
            Self::Text(_) => "text",
            Self::Series(_) => "series",
            Self::Lines(_) => "lines",
        }
    }

    /// The file or folder that is read; none for data inside the program or made up.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Digits(_) | Self::Synthetic(_) => None,
            Self::Idx(config) => Some(&config.path),
            Self::Csv(config) => Some(&config.path),
            Self::Images(config) => Some(&config.path),
            Self::Text(config) => Some(&config.path),
            Self::Series(config) => Some(&config.path),
            Self::Lines(config) => Some(&config.path),
        }
    }

    /// Reads everything into memory. Relative paths start at `base_dir`, the recipe's folder.
    ///
    /// # Errors
    /// When the data cannot be used; the message names the place.
    pub fn load(&self, base_dir: &Path) -> Result<Loaded, DataError> {
        match self {
            Self::Digits(config) => config.load(),
            Self::Idx(config) => config.load(base_dir),
            Self::Csv(config) => config.load(base_dir),
            Self::Images(config) => config.load(base_dir),
            Self::Synthetic(config) => config.load(),
            Self::Text(config) => config.load(base_dir),
            Self::Series(config) => config.load(base_dir),
            Self::Lines(config) => config.load(base_dir),
        }
    }

    /// Takes the task into account that a recipe gives: classes, or numbers, whatever the target
    /// looks like.
    pub fn set_task(&mut self, task: Task) {
        if let Self::Csv(config) = self
            && config.target_kind == csv::TargetKind::Auto
        {
            config.target_kind = match task {
                Task::Classify => csv::TargetKind::Class,
                Task::Regress => csv::TargetKind::Number,
                Task::Generate => csv::TargetKind::Auto,
            };
        }
    }

    /// The split that is used where a recipe gives none.
    pub fn default_split(&self) -> SplitConfig {
        match self {
            Self::Digits(_) => digits::default_split(),
            Self::Text(_) => text::default_split(),
            _ => SplitConfig::default(),
        }
    }
}
