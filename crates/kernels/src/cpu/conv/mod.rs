//! Convolution as an implicit matrix product: tiles of pixels times packed weights, read straight
//! from the image, without writing its windows out (im2col).
//!
//! Forward and input gradient are the same computation, a `sweep::Sweep`: every target pixel is
//! a sum over taps of source pixels times a matrix. A strided convolution's input gradient is one
//! sweep for each phase of the stride. Most 3 × 3 and 5 × 5 convolutions with stride 1 take another
//! way: `winograd`.

mod apply;
mod depthwise;
mod field;
mod geometry;
mod pack;
mod side_by_side;
mod sweep;
mod weight_grad;
mod winograd;

pub use apply::{ForwardWeight, forward, input_grad, input_grad_adds};
pub use geometry::Geometry;
pub use weight_grad::weight_grad;
pub use winograd::TransformedWeight;

#[cfg(test)]
mod tests;
