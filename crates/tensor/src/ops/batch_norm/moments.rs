//! Statistics and coefficients of channels, in double precision and fixed order.

use glassbox_kernels::cpu::batch_norm::{self as kernels, Folded};
use glassbox_kernels::storage::Storage;

use crate::tensor::Tensor;

/// Mean and biased variance of each channel, in double precision and fixed order.
pub(super) fn batch_moments(folded: &Folded, x: &[f32], mean: &mut [f64], variance: &mut [f64]) {
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

/// `Σd` and `Σd (x - mean)` of each channel, in fixed order, from those of the blocks, which `fill`
/// writes to `[blocks + 1, 2, width]`.
pub(super) fn backward_sums(
    folded: &Folded,
    sum: &mut [f64],
    product: &mut [f64],
    fill: impl FnOnce(&mut [f32]),
) {
    let width = folded.width;
    let partial = Tensor::build([folded.blocks + 1, 2, width], fill);
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
/// [`super::BatchNorm`].
pub(super) fn coefficients(
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

pub(super) fn rounded(values: &[f64]) -> Tensor {
    Tensor::build([values.len()], |out| {
        out.iter_mut().zip(values).for_each(|(out, value)| *out = *value as f32);
    })
}

/// Double-precision scratch from the pool of buffers.
pub(super) struct Scratch(Storage, usize);

impl Scratch {
    pub(super) fn new(length: usize) -> Self {
        Self(Storage::new(2 * length), length)
    }

    /// The values, with unspecified contents at first.
    pub(super) fn values(&mut self) -> &mut [f64] {
        let values = self.0.unique_f32s().expect("scratch is not shared");
        &mut bytemuck::cast_slice_mut(values)[..self.1]
    }
}
