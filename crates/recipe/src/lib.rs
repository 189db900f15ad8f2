//! Recipes of Glassbox: from the text of a recipe to an experiment in which everything is decided.
//!
//! Everything that is wrong with a recipe is found in one pass and told with its place, what was
//! expected, what was found and what to do about it ([`Report`]).
#![forbid(unsafe_code)]

pub mod codes;
mod diagnostic;
pub mod fault;
pub mod limits;
pub mod overrides;
pub mod range;
pub mod read;
mod render;
pub mod suggest;
pub mod tagged;
pub mod tree;

pub use diagnostic::{Place, Problem, Report, Source};
pub use render::Style;
