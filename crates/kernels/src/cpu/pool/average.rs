//! The mean of every window.

use super::{Planes, WindowPlace};
use crate::cpu::at::Vectors;
use crate::cpu::isa::{Kernel, dispatch};
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;

fn divisor_of(divisor: Option<f32>, row: &WindowPlace, column: &WindowPlace) -> f32 {
    divisor.unwrap_or((row.count * column.count) as f32)
}

/// `y = Σx / divisor` over every window; without a divisor the windows' counts. A window without
/// inputs gives 0.
pub fn average(planes: &Planes, x: &[f32], y: &mut [f32], divisor: Option<f32>) {
    assert!(x.len() == planes.input_elements() && y.len() == planes.output_elements());
    let (row_length, y) = (planes.output_row(), SharedMut::new(y));
    planes.each_output_rows(|first, rows| {
        // SAFETY: every task has its own output rows.
        let y = unsafe { y.slice(first * row_length, rows * row_length) };
        dispatch(AverageForward { planes, x, y, first, divisor });
    });
}

/// `dx = Σdy / divisor` over the windows that an input belongs to.
pub fn average_backward(
    planes: &Planes,
    output_grad: &[f32],
    input_grad: &mut [f32],
    divisor: Option<f32>,
) {
    assert!(output_grad.len() == planes.output_elements());
    assert!(input_grad.len() == planes.input_elements());
    let apart = planes.are_apart();
    let (row_length, input_grad) = (planes.input_row(), SharedMut::new(input_grad));
    planes.each_band(|image, first, rows| {
        let start = (image * planes.rows.input + first) * row_length;
        // SAFETY: every task has its own input rows.
        let band = unsafe { input_grad.slice(start, rows * row_length) };
        dispatch(AverageBackward { planes, output_grad, band, image, first, rows, divisor, apart });
    });
}

struct AverageForward<'a> {
    planes: &'a Planes,
    x: &'a [f32],
    y: &'a mut [f32],
    first: usize,
    divisor: Option<f32>,
}

impl Kernel for AverageForward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { planes, x, y, first, divisor } = self;
        let (channels, output_rows) = (planes.channels, planes.rows.places.len());
        let (row_length, image) = (planes.input_row(), planes.rows.input * planes.input_row());
        let row_step = planes.rows.dilation * row_length;
        let column_step = planes.columns.dilation * channels;
        let mut target = y.as_mut_ptr();
        for number in first..first + y.len() / planes.output_row().max(1) {
            let row = &planes.rows.places[number % output_rows];
            let base = number / output_rows * image + row.first * row_length;
            for column in &planes.columns.places {
                let divisor = V::splat(divisor_of(divisor, row, column));
                let corner = x.as_ptr().wrapping_add(base + column.first * channels);
                for at in Vectors::<V>::new(channels) {
                    let mut sum = V::zero();
                    for i in 0..row.taps {
                        for j in 0..column.taps {
                            let tap = corner.wrapping_add(i * row_step + j * column_step);
                            // SAFETY: places list only taps that fall on the image.
                            sum = sum.add(unsafe { at.load(tap) });
                        }
                    }
                    let nothing = row.taps * column.taps == 0;
                    let mean = if nothing { V::zero() } else { sum.div(divisor) };
                    // SAFETY: `target` is the current output pixel's first channel.
                    unsafe { at.store(mean, target) };
                }
                target = target.wrapping_add(channels);
            }
        }
    }
}

struct AverageBackward<'a> {
    planes: &'a Planes,
    output_grad: &'a [f32],
    band: &'a mut [f32],
    image: usize,
    first: usize,
    rows: usize,
    divisor: Option<f32>,
    apart: bool,
}

impl Kernel for AverageBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        if self.apart { self.spread::<V, false>() } else { self.spread::<V, true>() }
    }
}

impl AverageBackward<'_> {
    /// `ADD`: an input may belong to several windows.
    #[inline(always)]
    fn spread<V: Vector, const ADD: bool>(self) {
        let Self { planes, output_grad, band, image, first, rows, divisor, .. } = self;
        let channels = planes.channels;
        let (output_row_length, row_length) = (planes.output_row(), planes.input_row());
        let images = planes.rows.places.len() * output_row_length;
        band.fill(0.0);
        let band = band.as_mut_ptr();
        for (output_row, _, input_row) in planes.taps_on(first, rows) {
            let row = &planes.rows.places[output_row];
            let source = &output_grad[image * images + output_row * output_row_length..];
            let source = source[..output_row_length].as_ptr();
            let target = band.wrapping_add((input_row - first) * row_length);
            for (index, column) in planes.columns.places.iter().enumerate() {
                let factor = V::splat(1.0 / divisor_of(divisor, row, column));
                let source = source.wrapping_add(index * channels);
                for at in Vectors::<V>::new(channels) {
                    // SAFETY: `source` is an output pixel's first channel; places list only taps
                    // that fall on the row at `target`.
                    unsafe {
                        let share = at.load::<V>(source).mul(factor);
                        for j in 0..column.taps {
                            let pixel = column.first + j * planes.columns.dilation;
                            let target = target.wrapping_add(pixel * channels);
                            let sum = if ADD { at.load::<V>(target).add(share) } else { share };
                            at.store(sum, target);
                        }
                    }
                }
            }
        }
    }
}
