//! Batch normalisation (Ioffe and Szegedy 2015) over all axes but the last, the channels, with an
//! activation `f` in the same pass:
//! `y = f(z)`, `z = scale x̂ + shift`, `x̂ = (x - mean) / √(variance + epsilon)`.
//!
//! With `d = dy f'(z)` and sums over the `n` rows: `dshift = Σd`, `dscale = Σd x̂` and
//! `dx = scale / √(variance + epsilon) (d - dshift / n - x̂ dscale / n)`; with fixed statistics
//! the last two terms are absent. `z` is computed again rather than saved.

use self::pointwise::{Fused, Plain, Rectified};
use super::Backward;
use super::activation::Activation;
use crate::graph::InputGradients;
use crate::kernels::cpu::batch_norm::{self as kernels, Folded, Pointwise};
use crate::storage::Storage;
use crate::tensor::Tensor;

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
    input: Tensor,
    /// `[3, folded width]`: mean, `scale / √(variance + epsilon)`, shift.
    coefficients: Tensor,
    /// `[2, channels]`: `1 / √(variance + epsilon)`, and what rounding added to the mean.
    precise: Tensor,
    trained: bool,
    activation: Activation,
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
            match activation {
                Activation::Identity => kernels::normalize(&folded, x, c, y, Plain),
                Activation::Relu => kernels::normalize(&folded, x, c, y, Rectified),
                other => kernels::normalize(&folded, x, c, y, Fused(other)),
            }
        });
        let statistics = trained.then(|| BatchStatistics {
            mean: rounded(mean),
            variance: rounded(variance),
            count: rows,
        });
        let constant = &precise;
        let inputs = [self, scale.unwrap_or(constant), shift.unwrap_or(constant)];
        let y = y.recorded(inputs, |_| {
            let (coefficients, precise) = (coefficients.clone(), precise.clone());
            BatchNorm { input: self.detach(), coefficients, precise, trained, activation }.into()
        });
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
    fn backward_through<A: Pointwise>(
        self,
        activation: A,
        mut output_grad: Tensor,
        inputs: &mut InputGradients,
    ) {
        let channels = self.precise.dims()[1];
        let rows = self.input.elements() / channels.max(1);
        let folded = Folded::new(rows, channels);
        let x = self.input.as_slice();
        let coefficients = self.coefficients.as_slice();
        let kernel = kernels::Backward { folded: &folded, x, coefficients, activation };
        let mut centring = None;
        if self.trained || inputs.wants(1) || inputs.wants(2) {
            let mut sums = Scratch::new(2 * channels);
            let (sum, product) = sums.values().split_at_mut(channels);
            backward_sums(&kernel, output_grad.as_slice(), sum, product);
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
                let width = folded.width;
                centring = Some(Tensor::build([2, width], |out| {
                    for column in 0..width {
                        let c = column % channels;
                        let factor = f64::from(coefficients[width + column]) / rows as f64;
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

/// Mean and biased variance of each channel, in double precision and fixed order.
fn batch_moments(folded: &Folded, x: &[f32], mean: &mut [f64], variance: &mut [f64]) {
    let (width, channels) = (folded.width, mean.len());
    let count = (x.len() / channels.max(1)) as f64;
    let partial = Tensor::build([folded.blocks, 3, width], |out| {
        kernels::statistics(folded, x, out);
    });
    let mut sums = Scratch::new(width);
    let sums = sums.values();
    let blocks = || {
        let rows = (0..folded.blocks).map(|block| folded.block_rows(block) as f64);
        partial.as_slice().chunks_exact((3 * width).max(1)).zip(rows).map(move |(block, rows)| {
            let (shift, rest) = block.split_at(width);
            let (sum, squares) = rest.split_at(width);
            (rows, shift, sum, squares)
        })
    };
    sums.fill(0.0);
    for (rows, shift, sum, _) in blocks() {
        for column in 0..width {
            sums[column] += rows * f64::from(shift[column]) + f64::from(sum[column]);
        }
    }
    let rest = || (0..channels).cycle().zip(&x[folded.rest()]).map(|(c, &x)| (c, f64::from(x)));
    add_folded(sums, mean);
    rest().for_each(|(c, x)| mean[c] += x);
    mean.iter_mut().for_each(|mean| *mean /= count);

    let mut means = Scratch::new(width);
    let means = means.values();
    means.chunks_exact_mut(channels.max(1)).for_each(|row| row.copy_from_slice(mean));
    sums.fill(0.0);
    for (rows, shift, sum, squares) in blocks() {
        for column in 0..width {
            let distance = f64::from(shift[column]) - means[column];
            let cross = distance * (2.0 * f64::from(sum[column]) + rows * distance);
            sums[column] += f64::from(squares[column]) + cross;
        }
    }
    add_folded(sums, variance);
    rest().for_each(|(c, x)| variance[c] += (x - mean[c]).powi(2));
    for variance in variance {
        // Not `max`, which would swallow NaN.
        *variance = if *variance < 0.0 { 0.0 } else { *variance / count };
    }
}

/// `Σd` and `Σd (x - mean)` of each channel, in fixed order.
fn backward_sums<A: Pointwise>(
    kernel: &kernels::Backward<'_, A>,
    output_grad: &[f32],
    sum: &mut [f64],
    product: &mut [f64],
) {
    let (width, blocks) = (kernel.folded.width, kernel.folded.blocks + 1);
    let partial = Tensor::build([blocks, 2, width], |out| kernel.sums(output_grad, out));
    let mut wide = Scratch::new(2 * width);
    let wide = wide.values();
    wide.fill(0.0);
    for block in partial.as_slice().chunks_exact((2 * width).max(1)) {
        for (wide, term) in wide.iter_mut().zip(block) {
            *wide += f64::from(*term);
        }
    }
    add_folded(&wide[..width], sum);
    add_folded(&wide[width..], product);
}

/// Adds up the columns of a folded row that belong to the same channel.
fn add_folded(wide: &[f64], channels: &mut [f64]) {
    channels.fill(0.0);
    for row in wide.chunks_exact(channels.len().max(1)) {
        for (sum, term) in channels.iter_mut().zip(row) {
            *sum += term;
        }
    }
}

/// What the kernels apply to every element of a folded row, and what else backward needs: see
/// [`BatchNorm`].
fn coefficients(
    folded: &Folded,
    mean: &[f64],
    variance: &[f64],
    scale: Option<&Tensor>,
    shift: Option<&Tensor>,
    epsilon: f32,
) -> (Tensor, Tensor) {
    let (width, channels) = (folded.width, mean.len());
    let (scale, shift) = (scale.map(Tensor::as_slice), shift.map(Tensor::as_slice));
    let mut coefficients = Tensor::zeros([3, width]);
    let precise = Tensor::build([2, channels], |precise| {
        let out = coefficients.make_mut();
        for c in 0..channels {
            let inverse = 1.0 / (variance[c] + f64::from(epsilon)).sqrt();
            let factor = inverse * scale.map_or(1.0, |scale| f64::from(scale[c]));
            let rounding = f64::from(mean[c] as f32) - mean[c];
            let shift = shift.map_or(0.0, |shift| f64::from(shift[c])) + rounding * factor;
            (precise[c], precise[channels + c]) = (inverse as f32, rounding as f32);
            let row = [mean[c] as f32, factor as f32, shift as f32];
            for (i, value) in row.into_iter().enumerate() {
                out[i * width..][..width]
                    .iter_mut()
                    .skip(c)
                    .step_by(channels)
                    .for_each(|o| *o = value);
            }
        }
    });
    (coefficients, precise)
}

fn rounded(values: &[f64]) -> Tensor {
    Tensor::build([values.len()], |out| {
        out.iter_mut().zip(values).for_each(|(out, value)| *out = *value as f32);
    })
}

/// Double-precision scratch from the pool of buffers.
struct Scratch(Storage, usize);

impl Scratch {
    fn new(length: usize) -> Self {
        Self(Storage::new(2 * length), length)
    }

    /// The values, with unspecified contents at first.
    fn values(&mut self) -> &mut [f64] {
        let values = self.0.unique_f32s().expect("scratch is not shared");
        &mut bytemuck::cast_slice_mut(values)[..self.1]
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
        Sample::new("without scale and shift", [[6, 5]], |x| {
            x[0].batch_norm(None, None, BatchNormMode::Train, 1e-3, Activation::Identity).0
        }),
    ]
}

#[cfg(test)]
mod tests;
