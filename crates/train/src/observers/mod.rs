//! What watches training: one file each.

mod checkpoints;
mod early_stop;
mod interrupt;
mod metrics_log;
mod run_status;

pub use checkpoints::Checkpoints;
pub use early_stop::{EarlyStop, EarlyStopConfig};
pub use interrupt::Interrupt;
pub use metrics_log::MetricsLog;
pub use run_status::RunStatus;
