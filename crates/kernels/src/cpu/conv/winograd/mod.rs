//! Convolution with 3 × 3 and 5 × 5 kernels by Winograd's minimal filtering, F(4×4, 3×3) and
//! F(2×2, 5×5): a tile of 4 × 4 (2 × 2) outputs takes 36 products for each channel and filter
//! instead of 144 (100).
//!
//! With `d` the 6 × 6 source pixels under a tile, `w` the kernel and `⊙` the product of elements,
//!
//! - output: `Aᵀ [Σ_channels (G w Gᵀ) ⊙ (Bᵀ d B)] A`
//! - input gradient: the same over the output gradients, with the kernel turned by half a turn
//! - weight gradient: `Gᵀ [Σ_tiles (Bᵀ d B) ⊙ (A dy Aᵀ)] G`, which is F(3×3, 4×4) or F(5×5, 2×2)
//!
//! The sums over channels (over tiles) are 36 matrix products for a block of tiles that stays in
//! the second-level cache. `O` is the rows and columns of a tile, `K` those of the kernel.
//! (S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast Algorithms
//! for Convolutional Neural Networks, 2016.)

mod apply;
mod choice;
mod grid;
mod products;
mod read;
mod transform;
mod weight_grad;
mod weights;

pub(super) use apply::{forward, input_grad};
pub(super) use choice::{suits_forward, suits_input_grad, suits_weight_grad};
pub(super) use weight_grad::weight_grad;
pub use weights::TransformedWeight;

#[cfg(test)]
mod tests;
