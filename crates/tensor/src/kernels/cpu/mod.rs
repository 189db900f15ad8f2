//! CPU kernels, written once over [`vector::Vector`] and run for the best instruction set that
//! the machine has ([`isa::dispatch`]).

mod ahead;
pub(crate) mod at;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub(crate) mod batch_norm;
pub(crate) mod conv;
pub(crate) mod copy_box;
pub(crate) mod cross_entropy;
pub(crate) mod dropout;
pub(crate) mod elementwise;
pub(crate) mod epilogue_grad;
pub(crate) mod half;
mod in_a_register;
pub(crate) mod isa;
pub(crate) mod math;
pub(crate) mod matmul;
#[cfg(target_arch = "aarch64")]
mod neon;
pub(crate) mod optimize;
pub(crate) mod peak;
pub(crate) mod permute;
pub(crate) mod pool;
mod portable;
pub(crate) mod random;
pub(crate) mod recurrent;
pub(crate) mod reduce;
mod several;
pub(crate) mod spread;
pub(crate) mod table_rows;
pub(crate) mod tile;
mod turns;
pub(crate) mod vector;
