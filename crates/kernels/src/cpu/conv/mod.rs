//! Convolution as an implicit matrix product: tiles of pixels times packed weights, read straight
//! from the image, without writing its windows out (im2col).
//!
//! Forward and input gradient are the same computation, a `sweep::Sweep`: every target pixel is
//! a sum over taps of source pixels times a matrix. A strided convolution's input gradient is one
//! sweep for each phase of the stride. Other algorithms do better for some shapes: `choose.rs` says
//! which is taken.

mod choose;
mod depthwise;
mod direct;
mod epilogue;
mod field;
mod geometry;
mod pack;
mod partial_sums;
mod pixel_chunk;
mod places;
mod side_by_side;
mod sweep;
mod weight_grad;
mod winograd;

pub use geometry::Geometry;
pub use winograd::TransformedWeight;

use crate::activation::Activation;
use crate::storage::Storage;
use choose::{Algorithm, Pass, choose};
use epilogue::ConvEpilogue;
use side_by_side::adjoint_weight;
use sweep::Sweep;

#[cfg(test)]
mod tests;

/// The weight of a forward pass.
#[derive(Clone, Copy)]
pub struct ForwardWeight<'a> {
    /// As [`Geometry`] describes it.
    pub values: &'a [f32],
    /// What was made of these values before.
    pub transformed: Option<&'a TransformedWeight>,
}

/// `output = activation(conv(input, weight) + bias)`; shapes as in [`Geometry`].
pub fn forward(
    g: &Geometry,
    input: &[f32],
    weight: ForwardWeight<'_>,
    bias: Option<&[f32]>,
    activation: Activation,
    output: &mut [f32],
) {
    let finish = ConvEpilogue { bias, activation, accumulate: false };
    let ForwardWeight { values: weight, transformed } = weight;
    match choose(g, Pass::Forward) {
        Algorithm::Winograd => winograd::forward(g, input, weight, transformed, finish, output),
        Algorithm::Depthwise => {
            depthwise::apply(g, &Sweep::forward(g), input, weight, finish, output);
        }
        Algorithm::SideBySide(wide) => wide.forward(input, weight, finish, output),
        Algorithm::Direct => direct::sums_of_products(g, input, weight, finish, output),
    }
}

/// Whether [`input_grad`] can add.
pub fn input_grad_adds(g: &Geometry) -> bool {
    !g.is_depthwise()
}

/// The gradient of the input from that of the convolution's result before bias and activation;
/// where [`input_grad_adds`], it is added to `grad` on demand.
pub fn input_grad(
    g: &Geometry,
    output_grad: &[f32],
    weight: &[f32],
    accumulate: bool,
    grad: &mut [f32],
) {
    let finish = ConvEpilogue { bias: None, activation: Activation::Identity, accumulate };
    match choose(g, Pass::InputGrad) {
        Algorithm::Winograd => winograd::input_grad(g, output_grad, weight, finish, grad),
        Algorithm::SideBySide(wide) => {
            let turned = adjoint_weight(g, weight);
            wide.forward(output_grad, turned.f32s(), finish, grad);
        }
        Algorithm::Depthwise => direct::each_phase(g, finish, |sweep| {
            depthwise::apply(g, sweep, output_grad, weight, finish, grad);
        }),
        Algorithm::Direct => direct::input_grad(g, output_grad, weight, finish, grad),
    }
}

/// The gradient of the weight from that of the convolution's result before bias and activation.
pub fn weight_grad(g: &Geometry, input: &[f32], output_grad: &[f32], grad: &mut [f32]) {
    if g.output_pixels() == 0 {
        return grad.fill(0.0);
    }
    match choose(g, Pass::WeightGrad) {
        Algorithm::Winograd => winograd::weight_grad(g, input, output_grad, grad),
        Algorithm::SideBySide(wide) => {
            let mut sums = Storage::new(wide.geometry.weight_elements());
            let sums = sums.unique_f32s().expect("a new buffer is not shared");
            let sums = &mut sums[..wide.geometry.weight_elements()];
            weight_grad::sums_of_products(&wide.geometry, input, output_grad, sums);
            wide.add_up(sums, grad);
        }
        Algorithm::Depthwise | Algorithm::Direct => {
            weight_grad::sums_of_products(g, input, output_grad, grad);
        }
    }
}
