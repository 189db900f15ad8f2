//! Batch normalisation (Ioffe and Szegedy 2015) over all axes but the last, the channels, with an
//! activation `f` in the same pass:
//! `y = f(z)`, `z = scale x̂ + shift`, `x̂ = (x - mean) / √(variance + epsilon)`. What goes around a
//! residual block joins there too: `z = scale x̂ + shift + addend`.
//!
//! With `d = dy f'(z)` and sums over the `n` rows: `dshift = Σd`, `dscale = Σd x̂` and
//! `dx = scale / √(variance + epsilon) (d - dshift / n - x̂ dscale / n)`; with fixed statistics
//! the last two terms are absent. `z` is computed again rather than saved; after an addend, whose
//! gradient is `d`, the derivative comes from the saved `y`.

use glassbox_kernels::cpu::batch_norm::{self as kernels, Folded, Pointwise};
use glassbox_kernels::{Activation, FusedActivation};

use self::moments::{Scratch, backward_sums, batch_moments, coefficients, rounded};
use self::pointwise::{Fused, Plain, Rectified};
use super::Backward;
use crate::graph::InputGradients;
use crate::tensor::{Tensor, Values};

mod moments;
mod pointwise;

/// Which mean and variance normalise.
#[derive(Clone, Copy, Debug)]
pub enum BatchNormMode<'a> {
    /// Those of the batch, through which gradients flow.
    Train,
    /// Given ones, as constants.
    Eval {
        /// The mean of each channel, `[channels]`.
        mean: &'a Tensor,
        /// The variance of each channel, `[channels]`.
        variance: &'a Tensor,
    },
}

/// The statistics of one batch.
#[derive(Clone, Debug)]
pub struct BatchStatistics {
    /// The mean of each channel, `[channels]`.
    pub mean: Tensor,
    /// The biased variance (divided by `count`) of each channel, `[channels]`.
    pub variance: Tensor,
    /// How many values of each channel there were.
    pub count: usize,
}

impl BatchStatistics {
    /// The variance divided by `count - 1`: what running statistics are updated with.
    pub fn unbiased_variance(&self) -> Tensor {
        let factor = (self.count as f64 / (self.count as f64 - 1.0)) as f32;
        Tensor::build(self.variance.shape(), |out| {
            for (out, variance) in out.iter_mut().zip(self.variance.as_slice()) {
                *out = variance * factor;
            }
        })
    }
}

/// What backward reads; `z` follows from the input and the coefficients.
pub(crate) struct BatchNorm {
    input: Values,
    /// `[3, folded width]`: mean, `scale / √(variance + epsilon)`, shift.
    coefficients: Tensor,
    /// `[2, channels]`: `1 / √(variance + epsilon)`, and what rounding added to the mean.
    precise: Tensor,
    trained: bool,
    activation: Activation,
    /// The result, where it has an addend.
    joined: Option<Values>,
}

impl Tensor {
    /// Batch normalisation of `[…, channels]` followed by `activation`; `scale` and `shift` are
    /// `[channels]`. In training also returns the batch's statistics.
    ///
    /// # Panics
    /// When lengths differ from the number of channels, or when training on a single value for
    /// each channel, which has no variance.
    ///
    /// ```
    /// # use glassbox_tensor::{Activation, BatchNormMode, Tensor};
    /// let x = Tensor::from_slice(&[1.0, 10.0, 3.0, 10.0], [2, 2]);
    /// let (y, statistics) =
    ///     x.batch_norm(None, None, BatchNormMode::Train, 0.0001, Activation::Relu);
    /// assert!(y.as_slice()[0] == 0.0 && (y.as_slice()[2] - 1.0).abs() < 1e-4);
    /// assert_eq!(statistics.unwrap().mean.as_slice(), [2.0, 10.0]);
    /// ```
    #[track_caller]
    pub fn batch_norm(
        &self,
        scale: Option<&Tensor>,
        shift: Option<&Tensor>,
        mode: BatchNormMode<'_>,
        epsilon: f32,
        activation: Activation,
    ) -> (Self, Option<BatchStatistics>) {
        self.normalized(None, scale, shift, mode, epsilon, activation)
    }

    /// As [`Tensor::batch_norm`], with a tensor of the same shape added before the activation:
    /// where a residual branch joins.
    ///
    /// ```
    /// # use glassbox_tensor::{Activation, BatchNormMode, Tensor};
    /// let x = Tensor::from_slice(&[1.0, 3.0], [2, 1]);
    /// let around = Tensor::from_slice(&[-4.0, 4.0], [2, 1]);
    /// let mode = BatchNormMode::Train;
    /// let (y, _) = x.batch_norm_add(&around, None, None, mode, 0.0, Activation::Relu);
    /// assert_eq!(y.as_slice(), [0.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// As [`Tensor::batch_norm`], and when the shapes differ.
    #[track_caller]
    pub fn batch_norm_add(
        &self,
        addend: &Self,
        scale: Option<&Tensor>,
        shift: Option<&Tensor>,
        mode: BatchNormMode<'_>,
        epsilon: f32,
        activation: Activation,
    ) -> (Self, Option<BatchStatistics>) {
        assert_eq!(self.shape(), addend.shape(), "shapes of a fused sum");
        if !activation.has_derivative_from_output() {
            let plain = Activation::Identity;
            let (y, statistics) = self.batch_norm(scale, shift, mode, epsilon, plain);
            return (y.add_activation(addend, activation), statistics);
        }
        self.normalized(Some(addend), scale, shift, mode, epsilon, activation)
    }

    #[track_caller]
    fn normalized(
        &self,
        addend: Option<&Self>,
        scale: Option<&Tensor>,
        shift: Option<&Tensor>,
        mode: BatchNormMode<'_>,
        epsilon: f32,
        activation: Activation,
    ) -> (Self, Option<BatchStatistics>) {
        let channels = *self.dims().last().expect("batch_norm of a scalar");
        let rows = self.elements() / channels.max(1);
        for (name, tensor) in [("scale", scale), ("shift", shift)] {
            if let Some(tensor) = tensor {
                assert_eq!(tensor.dims(), [channels], "batch_norm of {}: {name}", self.shape());
            }
        }
        assert!(
            activation.has_derivative_from_output(),
            "batch_norm cannot be fused with {activation:?}"
        );
        let folded = Folded::new(rows, channels);
        let mut moments = Scratch::new(2 * channels);
        let (mean, variance) = moments.values().split_at_mut(channels);
        let trained = match mode {
            BatchNormMode::Train => {
                assert!(
                    rows > 1 || channels == 0,
                    "batch_norm of {} in training: one value a channel has no variance",
                    self.shape()
                );
                batch_moments(&folded, self.as_slice(), mean, variance);
                true
            }
            BatchNormMode::Eval { mean: m, variance: v } => {
                assert_eq!(m.dims(), [channels], "batch_norm of {}: mean", self.shape());
                assert_eq!(v.dims(), [channels], "batch_norm of {}: variance", self.shape());
                let pairs = m.as_slice().iter().zip(v.as_slice());
                for ((m, v), (given_m, given_v)) in
                    mean.iter_mut().zip(variance.iter_mut()).zip(pairs)
                {
                    (*m, *v) = (f64::from(*given_m), f64::from(*given_v));
                }
                false
            }
        };
        let (coefficients, precise) = coefficients(&folded, mean, variance, scale, shift, epsilon);
        let y = Self::build(self.shape(), |y| {
            let (x, c) = (self.as_slice(), coefficients.as_slice());
            let addend = addend.map(Self::as_slice);
            match activation {
                Activation::Identity => kernels::normalize(&folded, x, c, addend, y, Plain),
                Activation::Relu => kernels::normalize(&folded, x, c, addend, y, Rectified),
                other => kernels::normalize(&folded, x, c, addend, y, Fused(other)),
            }
        });
        let statistics = trained.then(|| BatchStatistics {
            mean: rounded(mean),
            variance: rounded(variance),
            count: rows,
        });
        let constant = &precise;
        let inputs = [self, scale.unwrap_or(constant), shift.unwrap_or(constant)];
        let saved = addend.map(|_| y.values());
        let record = || {
            let (coefficients, precise) = (coefficients.clone(), precise.clone());
            let (input, joined) = (self.values(), saved);
            BatchNorm { input, coefficients, precise, trained, activation, joined }.into()
        };
        let y = match addend {
            Some(addend) => {
                let [x, scale, shift] = inputs;
                y.recorded([x, scale, shift, addend], |_| record())
            }
            None => y.recorded(inputs, |_| record()),
        };
        (y, statistics)
    }
}

impl Backward for BatchNorm {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        match self.activation {
            Activation::Identity => self.backward_through(Plain, output_grad, inputs),
            Activation::Relu => self.backward_through(Rectified, output_grad, inputs),
            other => self.backward_through(Fused(other), output_grad, inputs),
        }
    }
}

impl BatchNorm {
    fn kernel<A>(&self, activation: A) -> kernels::BatchNormBackward<'_, A> {
        let (x, coefficients) = (self.input.f32s(), self.coefficients.as_slice());
        kernels::BatchNormBackward { folded: self.folded(), x, coefficients, activation }
    }

    fn folded(&self) -> Folded {
        let channels = self.precise.dims()[1];
        Folded::new(self.input.f32s().len() / channels.max(1), channels)
    }

    fn backward_through<A: Pointwise>(
        self,
        activation: A,
        output_grad: Tensor,
        inputs: &mut InputGradients,
    ) {
        let mut sums = Scratch::new(2 * self.precise.dims()[1]);
        let (sum, product) = sums.values().split_at_mut(self.precise.dims()[1]);
        let kernel = self.kernel(activation);
        if let Some(output) = &self.joined {
            let grad = self.gradient_at_sum(&kernel, output, output_grad, [sum, product]);
            inputs.add(3, grad.clone());
            return self.backward_from(&self.kernel(Plain), grad, [sum, product], inputs);
        }
        if self.trained || inputs.wants(1) || inputs.wants(2) {
            backward_sums(&kernel.folded, sum, product, |partial| {
                kernel.sums(output_grad.as_slice(), partial);
            });
        }
        self.backward_from(&kernel, output_grad, [sum, product], inputs);
    }

    /// The gradient of what the activation was applied to, and its sums.
    fn gradient_at_sum<A: Pointwise>(
        &self,
        kernel: &kernels::BatchNormBackward<'_, A>,
        output: &Values,
        mut output_grad: Tensor,
        [sum, product]: [&mut [f64]; 2],
    ) -> Tensor {
        let y = output.f32s();
        if output_grad.is_unique() {
            backward_sums(&kernel.folded, sum, product, |partial| {
                kernel.joined_sums(y, None, output_grad.make_mut(), partial);
            });
            return output_grad;
        }
        Tensor::build(output_grad.shape(), |grad| {
            backward_sums(&kernel.folded, sum, product, |partial| {
                kernel.joined_sums(y, Some(output_grad.as_slice()), grad, partial);
            });
        })
    }

    /// From the gradient of `kernel`'s result, and its sums where they are wanted, on.
    fn backward_from<A: Pointwise>(
        &self,
        kernel: &kernels::BatchNormBackward<'_, A>,
        mut output_grad: Tensor,
        [sum, product]: [&mut [f64]; 2],
        inputs: &mut InputGradients,
    ) {
        let channels = self.precise.dims()[1];
        let rows = self.input.f32s().len() / channels.max(1);
        let mut centring = None;
        if self.trained || inputs.wants(1) || inputs.wants(2) {
            let (inverse, rounding) = self.precise.as_slice().split_at(channels);
            for c in 0..channels {
                product[c] = (product[c] + sum[c] * f64::from(rounding[c])) * f64::from(inverse[c]);
            }
            if inputs.wants(1) {
                inputs.add(1, rounded(product));
            }
            if inputs.wants(2) {
                inputs.add(2, rounded(sum));
            }
            if self.trained && inputs.wants(0) {
                let width = kernel.folded.width;
                centring = Some(Tensor::build([2, width], |out| {
                    for column in 0..width {
                        let c = column % channels;
                        let factor = f64::from(kernel.coefficients[width + column]) / rows as f64;
                        let slope = factor * f64::from(inverse[c]) * product[c];
                        out[column] = slope as f32;
                        out[width + column] =
                            (factor * sum[c] + slope * f64::from(rounding[c])) as f32;
                    }
                }));
            }
        }
        if !inputs.wants(0) {
            return;
        }
        let centring = centring.as_ref().map(Tensor::as_slice);
        let input_grad = if output_grad.is_unique() {
            kernel.input_grad(None, centring, output_grad.make_mut());
            output_grad
        } else {
            Tensor::build(output_grad.shape(), |out| {
                kernel.input_grad(Some(output_grad.as_slice()), centring, out);
            })
        };
        inputs.add(0, input_grad);
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    let train = |activation| {
        move |x: &[Tensor]| {
            x[0].batch_norm(Some(&x[1]), Some(&x[2]), BatchNormMode::Train, 1e-3, activation).0
        }
    };
    vec![
        Sample::new("training", [&[2, 3, 5, 7][..], &[7], &[7]], train(Activation::Identity)),
        Sample::new("tanh", [&[9, 16][..], &[16], &[16]], train(Activation::Tanh)),
        // 40 rows of 2 channels, far from the kink.
        Sample::new("relu", [&[40, 2][..], &[2], &[2]], train(Activation::Relu)).map(|x| x + 3.0),
        Sample::new("many blocks", [&[3000, 24][..], &[24], &[24]], train(Activation::Identity)),
        Sample::new("fixed statistics", [&[5, 3][..], &[3], &[3]], |x| {
            let mean = Tensor::from_slice(&[0.5, -1.0, 0.0], [3]);
            let variance = Tensor::from_slice(&[1.0, 4.0, 0.25], [3]);
            let mode = BatchNormMode::Eval { mean: &mean, variance: &variance };
            x[0].batch_norm(Some(&x[1]), Some(&x[2]), mode, 1e-3, Activation::Sigmoid).0
        }),
        Sample::new("joined", [&[9, 16][..], &[9, 16], &[16], &[16]], |x| {
            let (scale, shift, mode) = (Some(&x[2]), Some(&x[3]), BatchNormMode::Train);
            x[0].batch_norm_add(&x[1], scale, shift, mode, 1e-3, Activation::Tanh).0
        }),
        Sample::new("joined by many", [&[1001, 24][..], &[1001, 24]], |x| {
            let mode = BatchNormMode::Train;
            x[0].batch_norm_add(&x[1], None, None, mode, 1e-3, Activation::Identity).0
        }),
        Sample::new("without scale and shift", [[6, 5]], |x| {
            x[0].batch_norm(None, None, BatchNormMode::Train, 1e-3, Activation::Identity).0
        }),
    ]
}

#[cfg(test)]
mod tests;
