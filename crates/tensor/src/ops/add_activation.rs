//! `y = activation(a + b)` in one pass: where a residual branch joins. Towards both summands the
//! gradient is `dy activation'(y)`.

use glassbox_kernels::cpu::elementwise::{CHEAP, Map, map};
use glassbox_kernels::cpu::vector::Vector;
use glassbox_kernels::{Activation, FusedActivation};

use super::Backward;
use super::unary::map_grad;
use crate::graph::InputGradients;
use crate::tensor::Tensor;

/// Backward reads the output.
pub(crate) struct AddActivation {
    activation: Activation,
    output: Tensor,
}

impl Tensor {
    /// `activation(a + b)` of tensors of one shape, in one pass over them.
    ///
    /// ```
    /// # use glassbox_tensor::{Activation, Tensor};
    /// let (a, b) = (Tensor::scalar(1.0), Tensor::scalar(-3.0));
    /// assert_eq!(a.add_activation(&b, Activation::Relu).item(), 0.0);
    /// ```
    ///
    /// # Panics
    /// When the shapes differ.
    #[must_use]
    #[track_caller]
    pub fn add_activation(&self, other: &Self, activation: Activation) -> Self {
        assert_eq!(self.shape(), other.shape(), "shapes of a fused sum");
        if activation == Activation::Identity || !activation.has_derivative_from_output() {
            return self.add(other).activate(activation);
        }
        let summands = [self.as_slice(), other.as_slice()];
        let output = Self::build(self.shape(), |output| map(Forward(activation), summands, output));
        let saved = output.detach();
        output.recorded([self, other], |_| AddActivation { activation, output: saved }.into())
    }
}

impl Backward for AddActivation {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let gradient = map_grad(Derivative(self.activation), output_grad, &self.output);
        if inputs.wants(0) {
            inputs.add(0, gradient.clone());
        }
        inputs.add(1, gradient);
    }
}

#[derive(Clone, Copy)]
struct Forward(Activation);

impl Map<2> for Forward {
    const COST: usize = 2 * CHEAP;
    #[inline(always)]
    fn at<V: Vector>(self, [a, b]: [V; 2]) -> V {
        self.0.apply_vector(a.add(b))
    }
}

#[derive(Clone, Copy)]
struct Derivative(Activation);

impl Map<2> for Derivative {
    const COST: usize = CHEAP;
    #[inline(always)]
    fn at<V: Vector>(self, [dy, y]: [V; 2]) -> V {
        dy.mul(self.0.derivative_from_output(y))
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    // |a| >= 0.5 and |b| / 10 stays below, so that no sum comes near a kink at 0.
    let away = |x: f32| (0.5 + x.abs().min(3.0)).copysign(x);
    let sample = |name, activation| {
        let run = move |x: &[Tensor]| x[0].add_activation(&(&x[1] * 0.1), activation);
        Sample::new(name, [[4, 9], [4, 9]], run).map(away)
    };
    vec![
        sample("identity", Activation::Identity),
        sample("relu", Activation::Relu),
        sample("leaky_relu", Activation::LeakyRelu { slope: 0.1 }),
        sample("unfused", Activation::LeakyRelu { slope: -0.1 }),
        sample("elu", Activation::Elu { alpha: 0.7 }),
        sample("sigmoid", Activation::Sigmoid),
        sample("tanh", Activation::Tanh),
    ]
}
