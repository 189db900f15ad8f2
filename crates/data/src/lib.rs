//! Files and formats of Glassbox: everything between files and data in memory.
//!
//! A [`DataSource`] reads files into a [`Dataset`]; a [`SplitConfig`] says which items are for
//! training, validation and test; a [`Normalizer`] is fitted on the training items.
//! [`DataConfig::prepare`] does all of it:
//!
//! ```
//! use glassbox_data::DataConfig;
//! use glassbox_train::data::{LoaderConfig, Part};
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
//!
//! [`Dataset`]: glassbox_train::data::Dataset
//! [`SplitConfig`]: glassbox_train::data::SplitConfig
//! [`Normalizer`]: glassbox_train::data::Normalizer
#![forbid(unsafe_code)]

pub mod civil;
mod constant;
mod files;
mod inspect;
mod learned;
mod precision;
mod prepare;
mod preview;
pub mod sources;
mod statistics;
mod unlike;
mod yardstick;

pub use constant::ConstantAnswer;
pub use inspect::{ClassCount, Duplicates, Inspection, Numbers};
pub use learned::{Learned, Unknown};
pub use prepare::{DataConfig, Prepared};
pub use sources::{
    CsvConfig, DataSource, DigitsConfig, IdxConfig, ImagesConfig, InputReader, Items, LinesConfig,
    Loaded, Row, SeriesConfig, SyntheticConfig, TextConfig,
};
pub use statistics::{InputStatistics, SizeRange, ValueStatistics};
pub use unlike::Unlike;
pub use yardstick::Yardstick;
