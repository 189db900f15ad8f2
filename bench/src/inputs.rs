//! Synthetic batches.

use glassbox::prelude::*;

/// Normally distributed values.
pub fn normal(dims: &[usize], rng: &mut Rng) -> Tensor {
    Tensor::build(dims, |out| rng.fill_normal(out))
}

/// Integers below `limit`: classes or tokens.
pub fn below(limit: usize, dims: &[usize], rng: &mut Rng) -> Tensor {
    Tensor::build_i32(dims, |out| out.fill_with(|| rng.below(limit) as i32))
}
