//! The maximum of every window, and which tap it came from.

use super::{Planes, WindowPlace};
use crate::cpu::at::{At, Vectors};
use crate::cpu::isa::{Kernel, dispatch};
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;

/// How the number of the chosen tap, `row tap * window width + column tap`, is kept.
pub trait TapIndex: Copy + Send + Sync {
    /// The largest window whose taps it can number.
    const TAPS: usize;
    /// # Safety
    /// `at` must lie within the array at `source`.
    unsafe fn load<V: Vector>(at: At, source: *const Self) -> V;
    /// # Safety
    /// `at` must lie within the array at `target`, which nothing else may use meanwhile.
    unsafe fn store<V: Vector>(at: At, value: V, target: *mut Self);
}

impl TapIndex for u8 {
    const TAPS: usize = 1 << 8;

    #[inline(always)]
    unsafe fn load<V: Vector>(at: At, source: *const Self) -> V {
        // SAFETY: by this function's contract.
        unsafe { at.load_bytes(source) }
    }

    #[inline(always)]
    unsafe fn store<V: Vector>(at: At, value: V, target: *mut Self) {
        // SAFETY: by this function's contract.
        unsafe { at.store_bytes(value, target) }
    }
}

/// Whole numbers as floating point.
impl TapIndex for f32 {
    const TAPS: usize = 1 << 24;

    #[inline(always)]
    unsafe fn load<V: Vector>(at: At, source: *const Self) -> V {
        // SAFETY: by this function's contract.
        unsafe { at.load(source) }
    }

    #[inline(always)]
    unsafe fn store<V: Vector>(at: At, value: V, target: *mut Self) {
        // SAFETY: by this function's contract.
        unsafe { at.store(value, target) }
    }
}

/// `y = max x` over every window, and where wanted the number of the tap that it came from: the
/// first of equal ones; NaN exceeds all, the last of several. A window without inputs gives
/// negative infinity.
pub fn max<I: TapIndex>(planes: &Planes, x: &[f32], y: &mut [f32], indices: Option<&mut [I]>) {
    let length = planes.output_elements();
    assert!(x.len() == planes.input_elements() && y.len() == length);
    assert!(indices.as_ref().is_none_or(|indices| indices.len() == length));
    assert!(indices.is_none() || planes.rows.taps * planes.columns.taps <= I::TAPS);
    let (row_length, y) = (planes.output_row(), SharedMut::new(y));
    let indices = indices.map(SharedMut::new);
    planes.each_output_rows(|first, rows| {
        let (start, length) = (first * row_length, rows * row_length);
        // SAFETY: every task has its own output rows.
        let y = unsafe { y.slice(start, length) };
        match indices {
            Some(indices) => {
                // SAFETY: as above.
                let indices = unsafe { indices.slice(start, length) };
                dispatch(MaxForward::<I, true> { planes, x, y, indices, first });
            }
            None => dispatch(MaxForward::<I, false> { planes, x, y, indices: &mut [], first }),
        }
    });
}

/// `dx = Σdy` over the windows whose maximum an input is.
pub fn max_backward<I: TapIndex>(
    planes: &Planes,
    output_grad: &[f32],
    indices: &[I],
    input_grad: &mut [f32],
) {
    let length = planes.output_elements();
    assert!(output_grad.len() == length && indices.len() == length);
    assert!(input_grad.len() == planes.input_elements());
    let apart = planes.are_apart();
    let (row_length, input_grad) = (planes.input_row(), SharedMut::new(input_grad));
    planes.each_band(|image, first, rows| {
        let start = (image * planes.rows.input + first) * row_length;
        // SAFETY: every task has its own input rows.
        let band = unsafe { input_grad.slice(start, rows * row_length) };
        let kernel = MaxBackward { planes, output_grad, indices, band, image, first, rows, apart };
        dispatch(kernel);
    });
}

struct MaxForward<'a, I, const INDEXED: bool> {
    planes: &'a Planes,
    x: &'a [f32],
    y: &'a mut [f32],
    indices: &'a mut [I],
    first: usize,
}

impl<I: TapIndex, const INDEXED: bool> Kernel for MaxForward<'_, I, INDEXED> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { planes, x, y, indices, first } = self;
        let channels = planes.channels;
        let output_rows = planes.rows.places.len();
        let (row_length, image) = (planes.input_row(), planes.rows.input * planes.input_row());
        let row_step = planes.rows.dilation * row_length;
        let column_step = planes.columns.dilation * channels;
        let (mut target, mut index_target) = (y.as_mut_ptr(), indices.as_mut_ptr());
        for number in first..first + y.len() / planes.output_row().max(1) {
            let row = &planes.rows.places[number % output_rows];
            let base = number / output_rows * image + row.first * row_length;
            for column in &planes.columns.places {
                let corner = x.as_ptr().wrapping_add(base + column.first * channels);
                let window = Window {
                    corner,
                    steps: [row_step, column_step],
                    place: [row, column],
                    width: planes.columns.taps,
                };
                for at in Vectors::<V>::new(channels) {
                    // SAFETY: places list only taps that fall on the image; the targets are the
                    // current output pixel's first channel.
                    unsafe {
                        let (best, index) = match (row.taps, column.taps) {
                            (2, 2) => window.fold::<V, 2, 2, INDEXED>(at),
                            (3, 3) => window.fold::<V, 3, 3, INDEXED>(at),
                            _ => window.fold::<V, 0, 0, INDEXED>(at),
                        };
                        at.store(best, target);
                        if INDEXED {
                            I::store(at, index, index_target);
                        }
                    }
                }
                target = target.wrapping_add(channels);
                if INDEXED {
                    index_target = index_target.wrapping_add(channels);
                }
            }
        }
    }
}

/// One window of one image.
struct Window<'a> {
    /// The input under its first tap.
    corner: *const f32,
    /// From one row of taps to the next, and from one tap of a row to the next.
    steps: [usize; 2],
    place: [&'a WindowPlace; 2],
    width: usize,
}

impl Window<'_> {
    /// The maximum and its tap. `ROWS × COLUMNS` are the numbers of taps, or 0 for any.
    ///
    /// # Safety
    /// All taps must fall on the image.
    #[inline(always)]
    unsafe fn fold<V: Vector, const ROWS: usize, const COLUMNS: usize, const INDEXED: bool>(
        &self,
        at: At,
    ) -> (V, V) {
        let [row, column] = self.place;
        let (rows, columns) = if ROWS > 0 { (ROWS, COLUMNS) } else { (row.taps, column.taps) };
        let first_tap = row.first_tap * self.width + column.first_tap;
        let (mut best, mut index) = (V::splat(f32::NEG_INFINITY), V::splat(first_tap as f32));
        let always = V::zero().eq(V::zero());
        for i in 0..rows {
            for j in 0..columns {
                let tap = self.corner.wrapping_add(i * self.steps[0] + j * self.steps[1]);
                // SAFETY: by this function's contract.
                let x = unsafe { at.load::<V>(tap) };
                let better = V::select(x.eq(x), best.lt(x), always);
                best = V::select(better, x, best);
                if INDEXED {
                    let number = V::splat((first_tap + i * self.width + j) as f32);
                    index = V::select(better, number, index);
                }
            }
        }
        (best, index)
    }
}

struct MaxBackward<'a, I> {
    planes: &'a Planes,
    output_grad: &'a [f32],
    indices: &'a [I],
    band: &'a mut [f32],
    image: usize,
    first: usize,
    rows: usize,
    apart: bool,
}

impl<I: TapIndex> Kernel for MaxBackward<'_, I> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        if self.apart { self.scatter::<V, false>() } else { self.scatter::<V, true>() }
    }
}

impl<I: TapIndex> MaxBackward<'_, I> {
    /// `ADD`: an input may belong to several windows.
    #[inline(always)]
    fn scatter<V: Vector, const ADD: bool>(self) {
        let Self { planes, output_grad, indices, band, image, first, rows, .. } = self;
        let (channels, columns) = (planes.channels, &planes.columns);
        let (output_row_length, row_length) = (planes.output_row(), planes.input_row());
        let image_start = image * planes.rows.places.len() * output_row_length;
        band.fill(0.0);
        let band = band.as_mut_ptr();
        for (output_row, row_tap, input_row) in planes.taps_on(first, rows) {
            let start = image_start + output_row * output_row_length;
            let source = output_grad[start..][..output_row_length].as_ptr();
            let indices = indices[start..][..output_row_length].as_ptr();
            let target = band.wrapping_add((input_row - first) * row_length);
            for (number, place) in columns.places.iter().enumerate() {
                let (source, indices) = (
                    source.wrapping_add(number * channels),
                    indices.wrapping_add(number * channels),
                );
                let target = target.wrapping_add(place.first * channels);
                let first_tap = row_tap * columns.taps + place.first_tap;
                for at in Vectors::<V>::new(channels) {
                    // SAFETY: `source` and `indices` are an output pixel's first channel; places
                    // list only taps that fall on the row at `target`.
                    unsafe {
                        let (grad, index) = (at.load::<V>(source), I::load::<V>(at, indices));
                        for j in 0..place.taps {
                            let share = index.eq(V::splat((first_tap + j) as f32)).and(grad);
                            let target = target.wrapping_add(j * columns.dilation * channels);
                            let sum = if ADD { at.load::<V>(target).add(share) } else { share };
                            at.store(sum, target);
                        }
                    }
                }
            }
        }
    }
}
