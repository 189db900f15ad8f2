//! Tensors and reverse-mode gradients of Glassbox.
//!
//! A [`Tensor`] is a contiguous, reference-counted array of `f32` or `i32` values. Operations on
//! tensors that take part in the graph record what their backward pass reads; [`Tensor::backward`]
//! walks those records and returns the [`Gradients`] of every leaf.
//!
//! ```
//! use glassbox_tensor::Tensor;
//!
//! let weight = Tensor::from_slice(&[2.0], [1]).with_grad();
//! let gradients = weight.reshape([1, 1]).backward();
//! assert_eq!(gradients.get(&weight).unwrap().item(), 1.0);
//! ```

#![forbid(unsafe_code)]

mod error;
mod gradients;
mod graph;
pub mod measure;
mod ops;
pub mod optimize;
mod shape;
mod tensor;

pub use error::ShapeError;
#[doc(inline)]
pub use glassbox_kernels::storage::pool;
#[doc(inline)]
pub use glassbox_kernels::{Activation, Precision, Rng, cpu_name, denormals, threads};
pub use gradients::Gradients;
pub use ops::batch_norm::{BatchNormMode, BatchStatistics};
pub use ops::binary_cross_entropy::BinaryCrossEntropy;
pub use ops::conv2d::PreparedConv2d;
pub use ops::conv2d_options::Conv2dOptions;
pub use ops::cross_entropy::CrossEntropy;
pub use ops::linear::PreparedLinear;
pub use ops::loss::Reduction;
pub use ops::pad_mode::PadMode;
pub use ops::padding::{Padding, output_length};
pub use ops::pool_options::{AvgPoolOptions, MaxPoolOptions};
pub use ops::prepared::Prepared;
pub use ops::recurrent::{
    PreparedRecurrent, RecurrentCell, RecurrentInput, RecurrentOptions, RecurrentOutput,
    RecurrentWeights,
};
pub use ops::watch::GradientWatcher;
pub use shape::{Axes, MAX_RANK, Shape};
pub use tensor::{DType, Tensor};
