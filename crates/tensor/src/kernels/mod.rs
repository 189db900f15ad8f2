//! Kernels: plain loops over slices, the only home of `unsafe`.

pub(crate) mod cpu;
pub mod denormals;
pub(crate) mod huge_pages;
pub mod threads;

pub use cpu::isa::cpu_name;
