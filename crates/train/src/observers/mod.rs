//! What watches training: one file each.

mod early_stop;
mod interrupt;

pub use early_stop::{EarlyStop, EarlyStopConfig};
pub use interrupt::Interrupt;
