//! `y[p, o] = activation(b[o] + Σ_k,i x[stride p - padding + dilation k, i] w[k, i, o])`.
//!
//! With `g = dy activation'`: `dx[q, i] = Σ g[p, o] w[k, i, o]` over all places `p` and kernel
//! positions `k` that read pixel `q`, `dw[k, i, o] = Σ_p x[stride p - padding + dilation k, i]
//! g[p, o]`, `db[o] = Σ_p g[p, o]`.

mod prepared;

use glassbox_kernels::cpu::conv::{self, Geometry};
use glassbox_kernels::{Activation, FusedActivation};

use super::Backward;
use super::conv2d_options::Conv2dOptions;
use super::epilogue::before_epilogue;
use crate::graph::InputGradients;
use crate::shape::Shape;
use crate::tensor::{Tensor, Values};

pub use prepared::PreparedConv2d;

/// Backward reads the input and the weight for each other's gradient, and the output for the
/// activation's derivative.
pub(crate) struct Conv2d {
    geometry: Geometry,
    input: Option<Values>,
    weight: Option<Values>,
    output: Option<Values>,
    weight_shape: Shape,
    activation: Activation,
}

impl Tensor {
    /// The convolution (cross-correlation) of images `[batch, height, width, channels]` with a
    /// weight `[kernel height, kernel width, channels / groups, filters]`, plus a bias `[filters]`,
    /// through an activation: `[batch, height, width, filters]`, with the sizes that
    /// [`Conv2dOptions::output_shape`] gives.
    ///
    /// ```
    /// # use glassbox_tensor::{Activation, Conv2dOptions, Padding, Tensor};
    /// let (images, weight) = (Tensor::ones([1, 4, 4, 1]), Tensor::ones([3, 3, 1, 2]));
    /// let options = Conv2dOptions { padding: Padding::Same, ..Default::default() };
    /// let counts = images.conv2d(&weight, None, &options, Activation::Identity);
    /// assert_eq!(counts.dims(), [1, 4, 4, 2]);
    /// assert_eq!(counts.as_slice()[..4], [4.0, 4.0, 6.0, 6.0]); // border pixels see fewer
    /// ```
    ///
    /// # Panics
    /// When the shapes do not fit, or the activation's derivative does not follow from its output.
    #[track_caller]
    #[must_use]
    pub fn conv2d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        options: &Conv2dOptions,
        activation: Activation,
    ) -> Self {
        self.conv2d_prepared(weight, None, bias, options, activation)
    }

    /// As [`Tensor::conv2d`], to the same bits, with what was prepared of `weight` if it is of its
    /// values of now: for many evaluations of few images with one weight.
    ///
    /// # Panics
    /// As [`Tensor::conv2d`].
    #[track_caller]
    #[must_use]
    pub fn conv2d_prepared(
        &self,
        weight: &Self,
        prepared: Option<&PreparedConv2d>,
        bias: Option<&Self>,
        options: &Conv2dOptions,
        activation: Activation,
    ) -> Self {
        let output_shape = match options.output_shape(self.shape(), weight.shape()) {
            Ok(shape) => shape,
            Err(error) => panic!("conv2d of {} with {}: {error}", self.shape(), weight.shape()),
        };
        let geometry = geometry(self.shape(), weight.shape(), options, output_shape);
        if let Some(bias) = bias {
            assert_eq!(bias.dims(), [geometry.filters], "shape of a convolution's bias");
        }
        assert!(
            activation.has_derivative_from_output(),
            "conv2d cannot fuse {activation:?}: its derivative needs more than its output"
        );
        let output = Self::build(output_shape, |out| {
            let bias = bias.map(Self::as_slice);
            let prepared = prepared.filter(|prepared| prepared.is_of(weight));
            let weight = conv::ForwardWeight {
                values: weight.as_slice(),
                transformed: prepared.map(PreparedConv2d::made),
            };
            conv::forward(&geometry, self.as_slice(), weight, bias, activation, out);
        });
        let weight_shape = weight.shape();
        let record = |wanted: [bool; 3]| {
            let keep = |keep: bool, tensor: &Self| keep.then(|| tensor.values());
            Conv2d {
                geometry,
                input: keep(wanted[1], self),
                weight: keep(wanted[0], weight),
                output: keep(activation != Activation::Identity, &output),
                weight_shape,
                activation,
            }
            .into()
        };
        match bias {
            Some(bias) => output.clone().recorded([self, weight, bias], record),
            None => output.clone().recorded([self, weight], |w| record([w[0], w[1], false])),
        }
    }
}

fn geometry(input: Shape, weight: Shape, options: &Conv2dOptions, output: Shape) -> Geometry {
    let (image, kernel) = ([input[1], input[2]], [weight[0], weight[1]]);
    let [vertical, horizontal] = options.resolved_padding(image, kernel);
    Geometry {
        batch: input[0],
        input: image,
        channels: input[3],
        output: [output[1], output[2]],
        filters: output[3],
        kernel,
        stride: options.stride,
        dilation: options.dilation,
        padding: [vertical.0, horizontal.0],
        groups: options.groups,
        precision: options.precision,
    }
}

impl Backward for Conv2d {
    fn backward(self, mut grad: Tensor, inputs: &mut InputGradients) {
        let (g, wants_bias) = (&self.geometry, inputs.wants(2));
        let bias_grad =
            before_epilogue(self.activation, self.output, &mut grad, g.filters, wants_bias);
        if let Some(bias_grad) = bias_grad {
            inputs.add(2, bias_grad);
        }
        let output_grad = grad.as_slice();
        if let Some(input) = self.input {
            let fill = |out: &mut [f32]| conv::weight_grad(g, input.f32s(), output_grad, out);
            inputs.add(1, Tensor::build(self.weight_shape, fill));
        }
        if let Some(weight) = self.weight {
            let shape = [g.batch, g.input[0], g.input[1], g.channels];
            let waiting = if conv::input_grad_adds(g) { inputs.take(0) } else { None };
            let input_grad = match waiting {
                Some(mut sum) => {
                    conv::input_grad(g, output_grad, weight.f32s(), true, sum.make_mut());
                    sum
                }
                None => Tensor::build(shape, |out| {
                    conv::input_grad(g, output_grad, weight.f32s(), false, out);
                }),
            };
            inputs.add(0, input_grad);
        }
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    use super::padding::Padding;
    let case = |name, shapes: [&[usize]; 3], options: Conv2dOptions, activation| {
        Sample::new(name, shapes, move |x| x[0].conv2d(&x[1], Some(&x[2]), &options, activation))
    };
    let plain = Conv2dOptions::default();
    let same = Conv2dOptions { padding: Padding::Same, ..plain };
    let explicit = Padding::Explicit { top: 0, bottom: 2, left: 1, right: 0 };
    use Activation::{Identity, Tanh};
    vec![
        case("3×3", [&[2, 6, 5, 3], &[3, 3, 3, 10], &[10]], plain, Identity),
        case("one channel, tanh", [&[2, 6, 5, 1], &[3, 3, 1, 20], &[20]], plain, Tanh),
        case("same", [&[2, 5, 6, 2], &[2, 3, 2, 4], &[4]], same, Identity),
        case(
            "stride",
            [&[2, 7, 8, 3], &[3, 3, 3, 9], &[9]],
            Conv2dOptions { stride: [2, 3], ..same },
            Identity,
        ),
        case(
            "dilation and explicit padding",
            [&[2, 7, 8, 3], &[3, 2, 3, 5], &[5]],
            Conv2dOptions { dilation: [2, 3], padding: explicit, ..plain },
            Identity,
        ),
        case(
            "groups",
            [&[2, 5, 5, 6], &[3, 3, 2, 9], &[9]],
            Conv2dOptions { groups: 3, ..same },
            Tanh,
        ),
        case(
            "depthwise, stride 2",
            [&[2, 6, 6, 11], &[3, 3, 1, 11], &[11]],
            Conv2dOptions { groups: 11, stride: [2, 2], ..same },
            Tanh,
        ),
        case("1×1", [&[2, 3, 4, 5], &[1, 1, 5, 18], &[18]], plain, Identity),
        case(
            "many images",
            [&[40, 8, 8, 2], &[3, 3, 2, 3], &[3]],
            Conv2dOptions { stride: [2, 1], ..same },
            Identity,
        ),
        Sample::new("without bias", [[1, 4, 4, 2], [3, 3, 2, 2]], move |x| {
            x[0].conv2d(&x[1], None, &plain, Identity)
        }),
    ]
}
