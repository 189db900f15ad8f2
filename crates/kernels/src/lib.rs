//! CPU kernels of Glassbox: loops over slices, the threads that run them and the memory that they
//! run over. The only crate with `unsafe` code; it knows nothing of tensors, gradients or
//! operations.
//!
//! Arguments of kernels that are settings of operations too, such as [`Activation`], are defined
//! here, and the crates above pass them on.

mod activation;
mod cache_line;
pub mod cpu;
pub mod denormals;
mod pages;
mod parallel_steps;
mod precision;
mod random;
mod ranges;
mod shared_mut;
pub mod storage;
pub mod testing;
pub mod threads;

pub use activation::{Activation, FusedActivation};
pub use cpu::isa::cpu_name;
pub use precision::Precision;
pub use random::Rng;

/// The largest number of axes a tensor can have, for which kernels have room.
pub const MAX_RANK: usize = 8;
