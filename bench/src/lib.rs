//! The workloads of the benchmark: models and fixed synthetic batches, the same as the PyTorch,
//! burn and candle programs in `peers/` time; and how a step's cost grows with their sizes.
#![forbid(unsafe_code)]

pub mod flops;
mod inference;
mod inputs;
mod model_file;
mod models;
mod peak;
mod probes;
mod products;
mod sweeps;
mod tables;
mod timing;
mod workloads;

pub use inference::{INFERENCE, MakeRepeated, Repeated};
pub use peak::Peak;
pub use probes::Everywhere;
pub use products::{Product, products};
pub use sweeps::{AXES, Axis};
pub use tables::{Row, peak_table, plot, product_table, step_table};
pub use timing::{Times, milliseconds};
pub use workloads::{Make, WORKLOADS, Workload};
