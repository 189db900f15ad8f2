//! `y = activation(x · weight + bias)`, in one pass over the result.
//!
//! With `dz = dy · activation'(y)`: `d input = dz · weightᵀ`, `d weight = xᵀ · dz`,
//! `d bias = Σ_rows dz`.

mod prepared;

use glassbox_kernels::cpu::matmul::{Epilogue, Matrix, product};
use glassbox_kernels::{Activation, FusedActivation};

use super::epilogue::before_epilogue;
use super::{Backward, Record};
use crate::graph::InputGradients;
use crate::shape::Shape;
use crate::tensor::{Tensor, Values};

pub use prepared::PreparedLinear;

/// Backward reads the input for the weight's gradient, the weight for the input's, and the output
/// for the derivative of an activation.
pub(crate) struct Linear {
    input: Option<Values>,
    weight: Option<Values>,
    output: Option<Values>,
    activation: Activation,
    /// Of the weight: inputs and outputs.
    sizes: [usize; 2],
}

impl Tensor {
    /// `activation(self · weight + bias)` for the last axis: `[…, inputs]` to `[…, outputs]`, with
    /// `weight` of `[inputs, outputs]` and `bias` of `[outputs]`.
    ///
    /// # Panics
    /// When the shapes do not fit each other, or the derivative of `activation` does not follow
    /// from its result.
    ///
    /// ```
    /// # use glassbox_tensor::{Activation, Tensor};
    /// let x = Tensor::from_slice(&[1.0, 2.0, 3.0, -4.0], [2, 2]);
    /// let weight = Tensor::from_slice(&[1.0, 1.0], [2, 1]);
    /// let bias = Tensor::from_slice(&[0.5], [1]);
    /// let y = x.linear(&weight, Some(&bias), Activation::Relu);
    /// assert_eq!(y.dims(), [2, 1]);
    /// assert_eq!(y.as_slice(), [3.5, 0.0]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn linear(&self, weight: &Self, bias: Option<&Self>, activation: Activation) -> Self {
        self.linear_prepared(weight, None, bias, activation)
    }

    /// As [`Tensor::linear`], to the same bits, with what was prepared of `weight` if it is of its
    /// values of now: for many evaluations of a few rows with one weight.
    ///
    /// # Panics
    /// As [`Tensor::linear`].
    #[track_caller]
    #[must_use]
    pub fn linear_prepared(
        &self,
        weight: &Self,
        prepared: Option<&PreparedLinear>,
        bias: Option<&Self>,
        activation: Activation,
    ) -> Self {
        let (input_shape, weight_shape) = (self.shape(), weight.shape());
        let (&[inputs, outputs], Some(&last)) = (weight_shape.dims(), input_shape.last()) else {
            panic!("linear of {input_shape} with a weight of {weight_shape}");
        };
        assert_eq!(last, inputs, "linear of {input_shape} with a weight of {weight_shape}");
        if let Some(bias) = bias {
            let shape = bias.shape();
            let fits = matches!(*shape, [length] if length == outputs);
            assert!(fits, "bias of {shape} for a weight of {weight_shape}");
        }
        assert!(
            activation.has_derivative_from_output(),
            "linear cannot fuse {activation:?}: its derivative needs more than its output"
        );
        let rows = rows_of(input_shape);
        let shape = input_shape.with_last(outputs);
        let bias_values = bias.map(Self::as_slice);
        let (x, w) = (self.as_slice(), weight.as_slice());
        let mut output = Self::build(shape, |out| {
            let epilogue = Epilogue { accumulate: false, bias: bias_values, activation };
            let x = Matrix::new(x, rows, inputs);
            if prepared.is_none_or(|prepared| !prepared.product(x, weight, epilogue, out)) {
                product(x, Matrix::new(w, inputs, outputs), epilogue, out);
            }
        });
        let saved = (activation != Activation::Identity).then(|| output.values());
        output.record([Some(self), Some(weight), bias], |[wants_input, wants_weight, _]| {
            Record::Linear(Linear {
                input: wants_weight.then(|| self.values()),
                weight: wants_input.then(|| weight.values()),
                output: saved,
                activation,
                sizes: [inputs, outputs],
            })
        });
        output
    }
}

/// The product of all axes but the last.
fn rows_of(shape: Shape) -> usize {
    shape.with_last(1).elements()
}

impl Backward for Linear {
    fn backward(self, mut grad: Tensor, inputs: &mut InputGradients) {
        let [input_size, output_size] = self.sizes;
        let input_shape = grad.shape().with_last(input_size);
        let rows = rows_of(input_shape);
        let wants_bias = inputs.wants(2);
        let bias_grad =
            before_epilogue(self.activation, self.output, &mut grad, output_size, wants_bias);
        let dz = Matrix::new(grad.as_slice(), rows, output_size);
        if let Some(weight) = &self.weight {
            let weight = Matrix::new(weight.f32s(), input_size, output_size);
            let input_grad = Tensor::build(input_shape, |out| {
                product(dz, weight.transposed(), Epilogue::default(), out);
            });
            inputs.add(0, input_grad);
        }
        if let Some(input) = &self.input {
            let input = Matrix::new(input.f32s(), rows, input_size);
            let weight_grad = Tensor::build(self.sizes, |out| {
                product(input.transposed(), dz, Epilogue::default(), out);
            });
            inputs.add(1, weight_grad);
        }
        if let Some(bias_grad) = bias_grad {
            inputs.add(2, bias_grad);
        }
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    let fused =
        |activation: Activation| move |x: &[Tensor]| x[0].linear(&x[1], Some(&x[2]), activation);
    let shapes = [vec![5, 7], vec![7, 3], vec![3]];
    let large = [vec![3, 60, 40], vec![40, 70], vec![70]];
    vec![
        Sample::new("identity", shapes.clone(), fused(Activation::Identity)),
        Sample::new("tanh", shapes.clone(), fused(Activation::Tanh)),
        Sample::new("sigmoid", shapes.clone(), fused(Activation::Sigmoid)),
        Sample::new("elu", shapes.clone(), fused(Activation::Elu { alpha: 0.7 })),
        Sample::new("leaky relu", shapes.clone(), fused(Activation::LeakyRelu { slope: 0.2 })),
        Sample::new("without bias", [[5, 7], [7, 3]], |x| {
            x[0].linear(&x[1], None, Activation::Identity)
        }),
        Sample::new("a vector", [vec![7], vec![7, 3], vec![3]], fused(Activation::Tanh)),
        Sample::new("one output", [vec![6, 7], vec![7, 1], vec![1]], fused(Activation::Tanh)),
        Sample::new("sequences", large, fused(Activation::Tanh)),
    ]
}
