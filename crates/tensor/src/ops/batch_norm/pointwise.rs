//! The activations that batch normalisation applies in the same pass.

use glassbox_kernels::cpu::batch_norm::Pointwise;
use glassbox_kernels::cpu::vector::Vector;
use glassbox_kernels::{Activation, FusedActivation};

/// None.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Pointwise for Plain {
    #[inline(always)]
    fn value<V: Vector>(self, z: V) -> V {
        z
    }

    #[inline(always)]
    fn gradient<V: Vector>(self, _: V, output_grad: V) -> V {
        output_grad
    }

    #[inline(always)]
    fn gradient_from_value<V: Vector>(self, _: V, output_grad: V) -> V {
        output_grad
    }
}

/// ReLU, by far the most frequent.
#[derive(Clone, Copy)]
pub(super) struct Rectified;

impl Pointwise for Rectified {
    #[inline(always)]
    fn value<V: Vector>(self, z: V) -> V {
        V::zero().max(z) // NaN passes
    }

    #[inline(always)]
    fn gradient<V: Vector>(self, z: V, output_grad: V) -> V {
        z.le(V::zero()).and_not(output_grad)
    }

    #[inline(always)]
    fn gradient_from_value<V: Vector>(self, value: V, output_grad: V) -> V {
        self.gradient(value, output_grad) // the same sign
    }
}

/// Any other activation.
#[derive(Clone, Copy)]
pub(super) struct Fused(pub(super) Activation);

impl Pointwise for Fused {
    #[inline(always)]
    fn value<V: Vector>(self, z: V) -> V {
        self.0.apply_vector(z)
    }

    #[inline(always)]
    fn gradient<V: Vector>(self, z: V, output_grad: V) -> V {
        self.gradient_from_value(self.value(z), output_grad)
    }

    #[inline(always)]
    fn gradient_from_value<V: Vector>(self, value: V, output_grad: V) -> V {
        self.0.derivative_from_output(value).mul(output_grad)
    }
}
