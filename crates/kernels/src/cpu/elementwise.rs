//! Maps: `output[i] = f(inputs[0][i], …)` over whole tensors, in parallel by chunks of fixed size.

use super::isa::{RawKernel, dispatch_raw};
use super::vector::Vector;
use crate::MAX_RANK;
use crate::shared_mut::SharedMut;
use crate::threads::parallel_for;

/// A function of `N` values, on vector lanes. `at` must be `#[inline(always)]`.
pub trait Map<const N: usize>: Copy + Send + Sync {
    /// Nanoseconds for 1024 elements on one core.
    const COST: usize;
    /// The function of the values in each lane.
    fn at<V: Vector>(self, x: [V; N]) -> V;
}

/// The cost of a function of a few instructions: that of the memory it reads and writes.
pub const CHEAP: usize = 200;

/// Elements a task: input and output stay in the first caches.
const CHUNK: usize = 8192;

/// `output[i] = f(inputs[0][i], …)`.
///
/// # Panics
/// When the lengths differ.
#[inline]
pub fn map<F: Map<N>, const N: usize>(f: F, inputs: [&[f32]; N], output: &mut [f32]) {
    let mut pointers = [std::ptr::null(); N];
    for (pointer, input) in pointers.iter_mut().zip(&inputs) {
        assert_eq!(input.len(), output.len(), "lengths of a map");
        *pointer = input.as_ptr();
    }
    // SAFETY: all inputs are readable and the output writable for its length.
    unsafe { map_pointers(f, pointers, output.as_mut_ptr(), output.len()) }
}

/// `values[i] = f(values[i], others[0][i], …)`.
///
/// # Panics
/// When the lengths differ or there are not `N - 1` others.
#[inline]
pub fn map_in_place<F: Map<N>, const N: usize>(f: F, values: &mut [f32], others: &[&[f32]]) {
    assert_eq!(others.len() + 1, N, "inputs of a map");
    let output = values.as_mut_ptr();
    let mut pointers = [output.cast_const(); N];
    for (pointer, input) in pointers[1..].iter_mut().zip(others) {
        assert_eq!(input.len(), values.len(), "lengths of a map");
        *pointer = input.as_ptr();
    }
    // SAFETY: as in `map`; each element of `values` is read before it is written, by one task.
    unsafe { map_pointers(f, pointers, output, values.len()) }
}

/// # Safety
/// `inputs` must be readable and `output` writable for `length` values; the output may be one of
/// the inputs but not overlap them otherwise.
unsafe fn map_pointers<F: Map<N>, const N: usize>(
    f: F,
    inputs: [*const f32; N],
    output: *mut f32,
    length: usize,
) {
    if length <= CHUNK {
        // SAFETY: this function's contract.
        return unsafe { dispatch_raw(MapChunk { f, inputs, output, length }) };
    }
    let chunk = MapChunk { f, inputs, output, length };
    parallel_for(length.div_ceil(CHUNK), length / 1024 * F::COST, |index| {
        let start = index * CHUNK;
        // SAFETY: `start` is less than `length`, and each task has its own elements.
        unsafe { dispatch_raw(chunk.part(start, CHUNK.min(length - start))) };
    });
}

#[derive(Clone, Copy)]
struct MapChunk<F, const N: usize> {
    f: F,
    /// `length` values each.
    inputs: [*const f32; N],
    /// `length` values; may be one of the inputs.
    output: *mut f32,
    length: usize,
}

// SAFETY: tasks share the pointers but each works on a part of its own; see `map_pointers`.
unsafe impl<F: Sync, const N: usize> Sync for MapChunk<F, N> {}

impl<F: Copy, const N: usize> MapChunk<F, N> {
    /// # Safety
    /// `start + length` must be within this chunk.
    #[inline(always)]
    unsafe fn part(&self, start: usize, length: usize) -> Self {
        let mut part = Self { length, ..*self };
        for input in &mut part.inputs {
            // SAFETY: within the input by this function's contract.
            *input = unsafe { input.add(start) };
        }
        // SAFETY: as above.
        part.output = unsafe { part.output.add(start) };
        part
    }
}

impl<F: Map<N>, const N: usize> RawKernel for MapChunk<F, N> {
    type Output = ();

    /// One loop for whole vectors and the rest, so that the function is compiled once.
    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let mut start = 0;
        while start < self.length {
            let count = V::LANES.min(self.length - start);
            let mut x = [V::zero(); N];
            let mut k = 0;
            while k < N {
                // SAFETY: `count` values from `start` lie within each input, see `map_pointers`.
                x[k] = unsafe { V::load_up_to(self.inputs[k].add(start), count) };
                k += 1;
            }
            // SAFETY: likewise within the output.
            unsafe { self.f.at(x).store_up_to(self.output.add(start), count) };
            start += V::LANES;
        }
    }
}

/// Values that are broadcast to the shape of a result.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    /// The values, row-major.
    pub values: &'a [f32],
    /// The lengths of their axes, outermost first.
    pub dims: &'a [usize],
}

impl Operand<'_> {
    /// Whether they broadcast to `dims`: aligned at the last axis, a length of 1 stretches.
    fn fits(&self, dims: &[usize]) -> bool {
        let stretches = |(&own, &length): (&usize, &usize)| own == length || own == 1;
        self.dims.len() <= dims.len()
            && self.dims.iter().rev().zip(dims.iter().rev()).all(stretches)
    }
}

/// `output[i] = f(inputs[0][i], …)` with the inputs broadcast to `dims` (NumPy's rule).
///
/// # Panics
/// When lengths and shapes disagree or an input does not broadcast to `dims`.
pub fn map_broadcast<F: Map<N>, const N: usize>(
    f: F,
    dims: &[usize],
    inputs: [Operand; N],
    output: &mut [f32],
) {
    assert_eq!(output.len(), dims.iter().product(), "elements of a broadcast result");
    for input in &inputs {
        let elements = input.dims.iter().product();
        assert_eq!(input.values.len(), elements, "elements of a broadcast input");
        assert!(input.fits(dims), "broadcasting {:?} to {dims:?}", input.dims);
    }
    if output.is_empty() {
        return;
    }
    let strides = Strides::new(dims, inputs.map(|x| x.dims));
    // Long rows are cut in segments, short ones are gathered in blocks; both by length alone.
    let segments = strides.row.div_ceil(CHUNK);
    let block = (CHUNK / strides.row).max(1);
    let rows = output.len() / strides.row;
    let work = output_work::<F, N>(output.len(), rows);
    let (values, shared) = (inputs.map(|x| x.values), SharedMut::new(output));
    parallel_for(rows.div_ceil(block) * segments, work, |task| {
        let (first_row, segment) = (task / segments * block, task % segments);
        let start = segment * CHUNK;
        let part = BroadcastRows {
            f,
            strides: &strides,
            inputs: values,
            output: shared,
            rows: first_row..(first_row + block).min(rows),
            columns: start..if segments == 1 {
                strides.row
            } else {
                strides.row.min(start + CHUNK)
            },
        };
        // SAFETY: shapes were checked, and every task has its own rows or its own part of one.
        unsafe { dispatch_raw(part) };
    });
}

/// Rows cost a few nanoseconds each beside their elements.
fn output_work<F: Map<N>, const N: usize>(elements: usize, rows: usize) -> usize {
    elements * F::COST / 1024 + 4 * rows
}

/// How far apart consecutive elements of each axis lie in each input. Neighbouring axes that all
/// inputs treat alike are merged; the last merged axis is a row.
struct Strides<const N: usize> {
    /// The axes around the rows, outermost first.
    outer: smallvec::SmallVec<[(usize, [usize; N]); MAX_RANK]>,
    row: usize,
    /// Within a row: 1, or 0 where the input repeats one value.
    steps: [usize; N],
}

impl<const N: usize> Strides<N> {
    fn new(dims: &[usize], inputs: [&[usize]; N]) -> Self {
        let mut axes: smallvec::SmallVec<[(usize, [usize; N]); MAX_RANK]> = Default::default();
        let mut next = [1; N];
        for (axis, &length) in dims.iter().enumerate().rev() {
            if length == 1 {
                continue;
            }
            let mut strides = [0; N];
            for (k, input) in inputs.iter().enumerate() {
                let own = (axis + input.len()).checked_sub(dims.len()).map_or(1, |a| input[a]);
                if own > 1 {
                    strides[k] = next[k];
                    next[k] *= own;
                }
            }
            match axes.last_mut() {
                // Stepping once here is as far as all of the axis within.
                Some((inner, steps)) if (0..N).all(|k| strides[k] == *inner * steps[k]) => {
                    *inner *= length;
                }
                _ => axes.push((length, strides)),
            }
        }
        axes.reverse();
        let (row, steps) = axes.pop().unwrap_or((1, [0; N]));
        Self { outer: axes, row, steps }
    }

    /// The index of the first element of `row` in each input.
    #[inline(always)]
    fn starts(&self, mut row: usize) -> [usize; N] {
        let mut starts = [0; N];
        for (length, strides) in self.outer.iter().rev() {
            let index = row % length;
            row /= length;
            for (start, stride) in starts.iter_mut().zip(strides) {
                *start += index * stride;
            }
        }
        starts
    }
}

/// Some columns of some rows, which nothing else may touch in `output` meanwhile.
struct BroadcastRows<'a, F, const N: usize> {
    f: F,
    strides: &'a Strides<N>,
    inputs: [&'a [f32]; N],
    output: SharedMut<'a, f32>,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
}

impl<F: Map<N>, const N: usize> RawKernel for BroadcastRows<'_, F, N> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let (row_length, steps) = (self.strides.row, self.strides.steps);
        let mut row = self.rows.start;
        while row < self.rows.end {
            let starts = self.strides.starts(row);
            let mut repeated = [V::zero(); N];
            let mut k = 0;
            while k < N {
                // SAFETY: an index below the broadcast shape's, so within the input.
                repeated[k] = V::splat(unsafe { *self.inputs[k].get_unchecked(starts[k]) });
                k += 1;
            }
            let mut column = self.columns.start;
            while column < self.columns.end {
                let count = V::LANES.min(self.columns.end - column);
                let mut x = repeated;
                let mut k = 0;
                while k < N {
                    if steps[k] == 1 {
                        let source = self.inputs[k].as_ptr().wrapping_add(starts[k] + column);
                        // SAFETY: this input has the whole row, which `count` does not pass.
                        x[k] = unsafe { V::load_up_to(source, count) };
                    }
                    k += 1;
                }
                // SAFETY: within the row of the output, which belongs to this task alone.
                unsafe {
                    self.f.at(x).store_up_to(self.output.pointer(row * row_length + column), count);
                }
                column += V::LANES;
            }
            row += 1;
        }
    }
}
