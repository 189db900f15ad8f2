//! The workloads of the benchmark: models and fixed synthetic batches, the same as the PyTorch,
//! burn and candle programs time.
#![forbid(unsafe_code)]

mod workloads;

pub use workloads::{Make, WORKLOADS, Workload};
