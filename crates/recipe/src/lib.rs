//! Recipes of Glassbox: from the text of a recipe to an experiment in which everything is decided.
//!
//! [`Recipe::open`] reads a recipe, [`Recipe::prepare`] its data, and [`Recipe::resolve`] brings
//! the two together. Everything that is wrong is found in one pass and told with its place, what
//! was expected, what was found and what to do about it ([`Report`]).
#![forbid(unsafe_code)]

mod checks;
pub mod codes;
mod diagnostic;
mod experiment;
mod fault;
mod limits;
mod notes;
mod overrides;
mod paths;
mod read;
mod recipe;
mod render;
mod resolve;
mod resume_keys;
mod sections;
mod suggest;
mod tagged;
mod tree;
mod write;

pub use diagnostic::{Place, Problem, Report, Source};
pub use experiment::{CheckpointEvery, Experiment, PrecisionSetting, RunSection, TrainSection};
pub use overrides::override_key;
pub use recipe::Recipe;
pub use render::Style;
pub use resume_keys::{refusal, value_at};
