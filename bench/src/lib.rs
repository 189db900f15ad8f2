//! The workloads of the benchmark: models and fixed synthetic batches, the same as the PyTorch,
//! burn and candle programs in `peers/` time.
#![forbid(unsafe_code)]

mod inference;
mod inputs;
mod models;
mod workloads;

pub use inference::{INFERENCE, MakeRepeated, Repeated};
pub use workloads::{Make, WORKLOADS, Workload};
