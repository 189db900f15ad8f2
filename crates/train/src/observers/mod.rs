//! What watches training: one file each.

mod append;
mod checkpoints;
mod early_stop;
mod interrupt;
mod lag_log;
mod metrics_log;
mod run_status;
mod samples;

pub use append::length_after_epoch;
pub use checkpoints::{Checkpoints, same_file};
pub use early_stop::{EarlyStop, EarlyStopConfig};
pub use interrupt::Interrupt;
pub use lag_log::{EpochLags, LagLog};
pub use metrics_log::MetricsLog;
pub use run_status::RunStatus;
pub use samples::{Samples, SamplesConfig};
