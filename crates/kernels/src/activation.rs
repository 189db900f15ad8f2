//! Activation functions as values: what a layer fuses into the store of its result.

use crate::cpu::math;
use crate::cpu::vector::Vector;

/// A pointwise non-linearity.
///
/// `derivative_from_output` exists for those whose derivative follows from their
/// result alone: an operation that fuses one of these needs to save nothing but its output.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `y = x`.
    #[default]
    Identity,
    /// `y = max(x, 0)`; the derivative at 0 is 0.
    Relu,
    /// `y = x` where positive, else `slope x`.
    LeakyRelu {
        /// The derivative on the negative side.
        slope: f32,
    },
    /// `y = x` where positive, else `alpha (e^x - 1)` (Clevert, Unterthiner and Hochreiter 2015).
    Elu {
        /// The limit towards negative infinity is `-alpha`.
        alpha: f32,
    },
    /// `y = 1 / (1 + e^-x)`.
    Sigmoid,
    /// `y = tanh(x)`.
    Tanh,
}

/// What kernels that fuse an activation do with it: apart from [`Activation`] itself, which users
/// of the crates above see.
pub trait FusedActivation {
    /// Whether the derivative follows from the output alone, so that it can be fused.
    fn has_derivative_from_output(self) -> bool;

    /// The function on vector lanes, for the epilogue of a kernel.
    fn apply_vector<V: Vector>(self, x: V) -> V;

    /// The derivative, from the function's result `y` on vector lanes.
    fn derivative_from_output<V: Vector>(self, y: V) -> V;
}

impl FusedActivation for Activation {
    fn has_derivative_from_output(self) -> bool {
        match self {
            Self::Identity | Self::Relu | Self::Sigmoid | Self::Tanh => true,
            // Only then is the output's sign that of the input.
            Self::LeakyRelu { slope } => slope >= 0.0,
            Self::Elu { alpha } => alpha >= 0.0,
        }
    }

    #[inline(always)]
    fn apply_vector<V: Vector>(self, x: V) -> V {
        let positive = |x: V, otherwise: V| V::select(x.le(V::zero()), otherwise, x);
        match self {
            Self::Identity => x,
            Self::Relu => math::relu(x),
            Self::LeakyRelu { slope } => positive(x, x.mul(V::splat(slope))),
            Self::Elu { alpha } => positive(x, math::exp_m1(x).mul(V::splat(alpha))),
            Self::Sigmoid => math::sigmoid(x),
            Self::Tanh => math::tanh(x),
        }
    }

    #[inline(always)]
    fn derivative_from_output<V: Vector>(self, y: V) -> V {
        let one = V::splat(1.0);
        let positive = |otherwise: V| V::select(y.le(V::zero()), otherwise, one);
        match self {
            Self::Identity => one,
            Self::Relu => positive(V::zero()),
            Self::LeakyRelu { slope } => positive(V::splat(slope)),
            Self::Elu { alpha } => positive(y.add(V::splat(alpha))),
            Self::Sigmoid => y.mul(one.sub(y)),
            Self::Tanh => y.neg().mul_add(y, one),
        }
    }
}
