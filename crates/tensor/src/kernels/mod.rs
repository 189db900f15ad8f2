//! Kernels: plain loops over slices, the only home of `unsafe`.

pub(crate) mod cpu;
pub mod denormals;
pub(crate) mod pages;
pub(crate) mod parallel_steps;
mod ranges;
pub mod threads;

pub use cpu::isa::cpu_name;
