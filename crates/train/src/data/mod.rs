//! Data in memory: a [`Dataset`] of inputs and [`Targets`]; a [`SplitConfig`] says which items are
//! for training, validation and test; a [`Normalizer`] is fitted on the training items; a [`Loader`]
//! cuts an epoch into [`Batch`]es, augmented as functions of (seed, epoch, item), while training
//! goes on.

pub mod augment;
pub mod baseline;
mod class_weights;
mod dataset;
pub mod error;
pub mod fingerprint;
mod joined;
#[cfg_attr(not(feature = "system"), path = "no_lane.rs")]
mod lane;
mod loader;
pub mod moments;
mod normalize;
mod sampler;
mod split;
mod store;
mod targets;
mod transform;
pub mod vocabulary;

pub use augment::Augment;
pub use baseline::{Baseline, Naive};
pub use class_weights::balanced_weights;
pub use dataset::{Dataset, Feature};
pub use error::{DataError, DataErrorCode, Details, Place};
pub use fingerprint::Fingerprint;
pub use loader::{Batches, Loader, LoaderConfig, Workers};
pub use moments::{Distribution, Moments};
pub use normalize::{NormalizeConfig, Normalizer};
pub use sampler::Sampler;
pub use split::{Part, Split, SplitConfig};
pub use store::InputStore;
pub use targets::Targets;
pub use transform::{Batch, Transform};
pub use vocabulary::{Unit, Vocabulary};
