//! What writes a run down while it trains: one file each.

mod append;
mod checkpoints;
mod lag_log;
mod metrics_log;
mod run_status;
mod samples;

pub use append::length_after_epoch;
pub use checkpoints::{Checkpoints, same_file};
pub use lag_log::{EpochLags, LagLog};
pub use metrics_log::MetricsLog;
pub use run_status::RunStatus;
pub use samples::{Samples, SamplesConfig};
