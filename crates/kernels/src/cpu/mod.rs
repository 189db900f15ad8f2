//! CPU kernels, written once over [`vector::Vector`] and run for the best instruction set that
//! the machine has (`isa::dispatch`).

mod activate_run;
mod ahead;
mod at;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod batch_norm;
pub mod conv;
pub mod copy_box;
pub mod cross_entropy;
pub mod dropout;
pub mod elementwise;
pub mod epilogue_grad;
mod half;
mod in_a_register;
pub(crate) mod isa;
pub mod layer_norm;
pub mod math;
pub mod matmul;
#[cfg(target_arch = "aarch64")]
mod neon;
pub mod optimize;
pub mod peak;
pub mod permute;
pub mod pool;
mod portable;
pub(crate) mod random;
pub mod recurrent;
pub mod reduce;
pub mod spread;
pub mod table_rows;
mod tile;
mod trace;
mod tuning;
pub mod vector;
