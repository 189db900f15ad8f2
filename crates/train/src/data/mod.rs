//! Everything between files and batches.
//!
//! A [`DataSource`] reads files into a [`Dataset`] in memory; a [`SplitConfig`] says which items are
//! for training, validation and test; a [`Normalizer`] is fitted on the training items; a [`Loader`]
//! cuts an epoch into [`Batch`]es, augmented as functions of (seed, epoch, item), while training
//! goes on. [`DataConfig::prepare`] does all of it:
//!
//! ```
//! use glassbox_train::data::{DataConfig, LoaderConfig, Part};
//!
//! let data = DataConfig::default().prepare(".".as_ref())?; // the embedded digits
//! let config = LoaderConfig { batch_size: 32, seed: 7, ..Default::default() };
//! let loader = data.train_loader(&[], config)?;
//! for batch in loader.epoch(0, 0)? {
//!     let batch = batch?;
//!     assert_eq!(batch.inputs.dims()[1..], [8, 8, 1]);
//!     assert_eq!(batch.targets.dims()[0], batch.len());
//! }
//! assert_eq!(data.eval_loader(Part::Test, 256).samples(), 359);
//! # Ok::<(), glassbox_train::data::DataError>(())
//! ```

pub mod augment;
mod baseline;
mod class_weights;
mod constant;
mod dataset;
mod error;
mod files;
mod fingerprint;
mod inspect;
mod joined;
mod learned;
mod loader;
mod moments;
mod normalize;
mod precision;
mod prepare;
mod preview;
mod sampler;
pub mod sources;
mod split;
mod statistics;
mod store;
mod targets;
mod transform;
mod unlike;
mod vocabulary;

pub use augment::Augment;
pub use baseline::{Baseline, Naive};
pub use class_weights::balanced_weights;
pub use constant::ConstantAnswer;
pub use dataset::{Dataset, Feature};
pub use error::{DataError, DataErrorCode, Details, Place};
pub use inspect::{ClassCount, Duplicates, Inspection, Numbers};
pub use learned::{Learned, Unknown};
pub use loader::{Batches, Loader, LoaderConfig, Workers};
pub use normalize::{NormalizeConfig, Normalizer};
pub use prepare::{DataConfig, Prepared};
pub use sampler::Sampler;
pub use sources::{
    CsvConfig, DataSource, DigitsConfig, IdxConfig, ImagesConfig, InputReader, Items, LinesConfig,
    Loaded, Row, SeriesConfig, SyntheticConfig, TextConfig,
};
pub use split::{Part, Split, SplitConfig};
pub use statistics::{Distribution, InputStatistics, SizeRange, ValueStatistics};
pub use store::InputStore;
pub use targets::Targets;
pub use transform::{Batch, Transform};
pub use unlike::Unlike;
pub use vocabulary::{Unit, Vocabulary};
