//! Data, optimizers, schedules, metrics and the training loop of Glassbox.
#![forbid(unsafe_code)]

mod accumulator;
pub mod atomic;
pub mod data;
mod monitor;
pub mod optim;
mod scores;

pub use accumulator::{Accumulator, Task};
pub use data::DataError;
pub use monitor::Monitor;
pub use scores::Scores;
