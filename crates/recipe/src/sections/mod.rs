//! The sections of a recipe: one file each.

pub mod data;
pub mod data_weights;
pub mod model;
pub mod run;
pub mod train;
pub mod watch;

use crate::diagnostic::Place;
use crate::tree::Table;

/// A section of the recipe, empty when it is not there.
pub struct Section<'a> {
    /// Its keys.
    pub table: &'a Table,
    /// Where it stands: its header, or the beginning of the recipe.
    pub place: Place,
}
