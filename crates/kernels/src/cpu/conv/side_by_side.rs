//! Convolutions with few target channels: pixels side by side take the columns of a tile together,
//! which one of them alone would leave idle.
//!
//! `n` neighbouring outputs are one pixel with `n` times as many channels: the same values in
//! memory. It is computed by a kernel that is wider by `n - 1` strides, with zeros at the taps that
//! a pixel does not have, and for 6 filters of 5 × 5 in vectors of 16 that takes 6 columns of taps
//! for two pixels rather than 10. Zeros times infinity are not zero: exact convolutions do without.

use smallvec::SmallVec;

use super::direct::sums_of_products;
use super::epilogue::ConvEpilogue;
use super::geometry::Geometry;
use crate::cpu::tile::panel_columns;
use crate::precision::Precision;
use crate::storage::Storage;

/// How many pixels are computed side by side, and the convolution that does it.
pub(super) struct SideBySide {
    pixels: usize,
    /// Of one pixel after the other.
    single: Geometry,
    pub(super) geometry: Geometry,
}

impl SideBySide {
    /// For the output and the weight's gradient.
    pub(super) fn of(g: &Geometry) -> Option<Self> {
        let fits = g.groups == 1 && g.dilation[1] == 1 && g.precision == Precision::Fast;
        let pixels = pixels(g.kernel[1], g.stride[1], g.filters, g.output[1]);
        (fits && pixels > 1).then(|| Self {
            pixels,
            single: *g,
            geometry: Geometry {
                output: [g.output[0], g.output[1] / pixels],
                filters: pixels * g.filters,
                kernel: [g.kernel[0], g.kernel[1] + (pixels - 1) * g.stride[1]],
                stride: [g.stride[0], g.stride[1] * pixels],
                ..*g
            },
        })
    }

    /// `output = activation(conv(input, weight) + bias)`, added to it on demand.
    pub(super) fn forward(
        &self,
        input: &[f32],
        weight: &[f32],
        finish: ConvEpilogue<'_>,
        output: &mut [f32],
    ) {
        let weight = self.weight(weight);
        let bias = finish.bias.map(|bias| self.bias(bias));
        let finish = ConvEpilogue { bias: bias.as_deref(), ..finish };
        let weight = &weight.f32s()[..self.geometry.weight_elements()];
        sums_of_products(&self.geometry, input, weight, finish, output);
    }

    /// A single pixel's weights at each pixel's taps and channels.
    fn weight(&self, weight: &[f32]) -> Storage {
        let mut wide = Storage::new(self.geometry.weight_elements());
        let values = wide.unique_f32s().expect("a new buffer is not shared");
        values.fill(0.0);
        self.each_row(|row, wide_row| {
            values[wide_row..][..self.single.filters]
                .copy_from_slice(&weight[row..][..self.single.filters]);
        });
        wide
    }

    /// A single pixel's bias for each pixel.
    fn bias(&self, bias: &[f32]) -> SmallVec<[f32; 16]> {
        bias.iter().copied().cycle().take(self.geometry.filters).collect()
    }

    /// The gradient of the weight from that of all pixels' weights, the sum of what each gives.
    pub(super) fn add_up(&self, wide: &[f32], grad: &mut [f32]) {
        grad.fill(0.0);
        self.each_row(|row, wide_row| {
            let terms = &wide[wide_row..][..self.single.filters];
            grad[row..].iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        });
    }

    /// Where the filters of a tap and channel begin in the weight and, for each pixel, in that of
    /// all pixels.
    fn each_row(&self, mut visit: impl FnMut(usize, usize)) {
        let (single, wide) = (&self.single, &self.geometry);
        for pixel in 0..self.pixels {
            for y in 0..single.kernel[0] {
                let line = y * wide.kernel[1] + pixel * single.stride[1];
                for row in 0..single.kernel[1] * single.channels {
                    visit(
                        (y * single.kernel[1] * single.channels + row) * single.filters,
                        (line * single.channels + row) * wide.filters + pixel * single.filters,
                    );
                }
            }
        }
    }
}

/// How many outputs of a row of `width`, with `channels` each, take the fewest products together:
/// a divisor of the row.
pub(super) fn pixels(kernel: usize, stride: usize, channels: usize, width: usize) -> usize {
    let columns = |pixels: usize| kernel + (pixels - 1) * stride;
    let most = (panel_columns() / 2).checked_div(channels).unwrap_or(1);
    let counts = (1..=most).filter(|&pixels| width.is_multiple_of(pixels));
    let best = counts.min_by_key(|&pixels| columns(pixels) * 5040 / pixels);
    // Placing the weights costs something too.
    best.filter(|&best| 5 * columns(best) <= 4 * kernel * best).unwrap_or(1)
}

/// The convolution of a stride-1 convolution's output gradients that gives its input gradients,
/// where there is such a one.
pub(super) fn adjoint(g: &Geometry) -> Option<Geometry> {
    let fits = g.stride == [1; 2] && g.dilation == [1; 2] && g.groups == 1 && g.filters > 0;
    let padding = |a: usize| g.kernel[a].checked_sub(1 + g.padding[a]);
    let (true, Some(y), Some(x)) = (fits, padding(0), padding(1)) else { return None };
    Some(Geometry {
        input: g.output,
        channels: g.filters,
        output: g.input,
        filters: g.channels,
        padding: [y, x],
        ..*g
    })
}

/// The weight of [`adjoint`]: turned by half a turn, channels and filters exchanged.
pub(super) fn adjoint_weight(g: &Geometry, weight: &[f32]) -> Storage {
    let mut turned = Storage::new(weight.len());
    let values = turned.unique_f32s().expect("a new buffer is not shared");
    let matrix = g.channels * g.filters;
    let matrices = weight.chunks_exact(matrix).rev();
    for (target, source) in values.chunks_exact_mut(matrix).zip(matrices) {
        for (channel, filters) in source.chunks_exact(g.filters).enumerate() {
            for (filter, &value) in filters.iter().enumerate() {
                target[filter * g.channels + channel] = value;
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Options, Padding, geometry};
    use super::*;

    #[test]
    fn pixels_divide_the_row_and_fit_a_vector() {
        let lanes = panel_columns() / 2;
        for channels in 0..20 {
            for width in 0..30 {
                let pixels = pixels(5, 1, channels, width);
                assert!(pixels == 1 || pixels * channels <= lanes && width % pixels == 0);
            }
        }
        assert_eq!(pixels(5, 1, lanes / 2, 28), 2);
        assert_eq!(pixels(5, 1, lanes / 2 + 1, 28), 1);
        // Without a tap in common nothing is won.
        assert_eq!(pixels(1, 1, 1, 28), 1);
        assert_eq!(pixels(2, 2, 1, 28), 1);
        assert_eq!(pixels(3, 1, 1, 31), 1);
    }

    #[test]
    fn only_where_zeros_may_be_multiplied() {
        let plain = Options { padding: Padding::Same, ..Default::default() };
        let of = |options| SideBySide::of(&geometry(&options, [1, 8, 8, 2], [3, 3, 2, 2]).unwrap());
        let geometry = of(plain).unwrap().geometry;
        assert_eq!(geometry.output[1] * geometry.filters, 8 * 2);
        assert!(of(Options { precision: Precision::Exact, ..plain }).is_none());
        assert!(of(Options { dilation: [1, 2], ..plain }).is_none());
        assert!(of(Options { dilation: [2, 1], ..plain }).is_some());
    }
}
