//! What the tests of the crates above share with those of the kernels.

pub use crate::cpu::isa::on_each_isa;
pub use crate::cpu::math::reference;
