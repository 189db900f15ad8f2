//! Batch normalisation over `[rows, channels]`: sums per channel, and the passes that apply them.
//!
//! Several rows side by side are read as one *folded* row that fills whole vectors, so any number
//! of channels runs at full width; the few elements left over at the end are handled apart.
//! Folded rows are summed in blocks of fixed size that fit the cache.

mod backward;
mod forward;
mod joined;
mod sums;

use std::marker::PhantomData;

use super::at::{At, Vectors};
use super::vector::{Vector, prefetch};
use crate::threads::parallel_for;

pub use backward::BatchNormBackward;
pub use forward::{normalize, statistics};

/// What is applied to the normalised values, and its derivative.
pub trait Pointwise: Copy + Send + Sync {
    /// The value at `z`.
    fn value<V: Vector>(self, z: V) -> V;
    /// The gradient at `z`, given that at `value(z)`.
    fn gradient<V: Vector>(self, z: V, output_grad: V) -> V;
    /// The gradient at `z` of which `value` is the value.
    fn gradient_from_value<V: Vector>(self, value: V, output_grad: V) -> V;
}

/// Folded rows in a block: a strip of 32 channels then takes 16 KiB.
const BLOCK_ROWS: usize = 128;
/// Folded rows are a multiple of this many elements, the widest vector.
const UNIT: usize = 16;
/// Folded rows have at least this many elements, so that sums run in several accumulators.
const MIN_WIDTH: usize = 32;
/// About how many elements a parallel task handles.
const TASK_ELEMENTS: usize = 16 * 1024;
/// Vectors that are summed side by side.
const STRIP: usize = 4;

/// How `[rows, channels]` is folded and cut into blocks and tasks.
#[derive(Clone, Copy, Debug)]
pub struct Folded {
    /// Elements of a folded row.
    pub width: usize,
    /// Folded rows.
    rows: usize,
    /// Elements after the last whole folded row.
    rest: usize,
    /// Blocks of folded rows.
    pub blocks: usize,
    blocks_per_task: usize,
}

impl Folded {
    /// How a matrix of this size is folded and cut.
    pub fn new(rows: usize, channels: usize) -> Self {
        let step = UNIT >> channels.trailing_zeros().min(UNIT.trailing_zeros());
        let fold = step * MIN_WIDTH.div_ceil((step * channels).max(1));
        let width = fold * channels;
        let folded = rows / fold;
        Self {
            width,
            rows: folded,
            rest: rows % fold * channels,
            blocks: folded.div_ceil(BLOCK_ROWS),
            blocks_per_task: (TASK_ELEMENTS / (BLOCK_ROWS * width).max(1)).max(1),
        }
    }

    fn elements(&self) -> usize {
        self.rows * self.width + self.rest
    }

    /// Where the elements after the last whole folded row are.
    pub fn rest(&self) -> std::ops::Range<usize> {
        self.rows * self.width..self.elements()
    }

    /// How many folded rows block `index` has.
    pub fn block_rows(&self, index: usize) -> usize {
        BLOCK_ROWS.min(self.rows - index * BLOCK_ROWS)
    }

    /// Calls `task(first folded row, folded rows, index)` for every block, in parallel.
    fn each_block(&self, work_per_element: usize, task: impl Fn(usize, usize, usize) + Sync) {
        let tasks = self.blocks.div_ceil(self.blocks_per_task);
        let work = self.elements() * work_per_element / 4;
        parallel_for(tasks, work, |index| {
            let first = index * self.blocks_per_task;
            for block in first..(first + self.blocks_per_task).min(self.blocks) {
                task(block * BLOCK_ROWS, self.block_rows(block), block);
            }
        });
    }
}

/// Asks for what lies a little after `at` in `array`: at every page the processor's own prefetching
/// begins anew, and these passes wait for memory alone.
#[inline(always)]
fn ask_ahead(array: *const f32, at: usize) {
    /// Values: 2 KiB.
    const AHEAD: usize = 512;
    prefetch(array.wrapping_add(at + AHEAD));
}

/// Runs `(column, vectors)` of [`STRIP`], 2 or 1 vectors that make up a width, to loop over.
struct Strips<V> {
    column: usize,
    width: usize,
    vector: PhantomData<V>,
}

impl<V: Vector> Strips<V> {
    #[inline(always)]
    fn new(width: usize) -> Self {
        Self { column: 0, width, vector: PhantomData }
    }
}

impl<V: Vector> Iterator for Strips<V> {
    type Item = (usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.column >= self.width {
            return None;
        }
        let vectors = match (self.width - self.column) / V::LANES {
            STRIP.. => STRIP,
            2.. => 2,
            _ => 1,
        };
        let column = self.column;
        self.column += vectors * V::LANES;
        Some((column, vectors))
    }
}

/// Writes strips of several sums to `partial` (`[sums, width]`).
#[inline(always)]
fn store_sums<V: Vector, const N: usize, const SUMS: usize>(
    partial: &mut [f32],
    width: usize,
    column: usize,
    sums: [[V; N]; SUMS],
) {
    assert!(partial.len() >= SUMS * width && column + N * V::LANES <= width);
    for (i, values) in sums.into_iter().enumerate() {
        for (n, value) in values.into_iter().enumerate() {
            // SAFETY: row `i` of `partial` has `width` elements, in which the strip ends.
            unsafe { value.store(partial.as_mut_ptr().add(i * width + column + n * V::LANES)) };
        }
    }
}

/// The vectors of an array of folded rows, the last of which may be cut off, each with its column.
/// A width is whole vectors.
struct RowVectors<V> {
    vectors: Vectors<V>,
    column: usize,
    width: usize,
}

impl<V: Vector> RowVectors<V> {
    #[inline(always)]
    fn new(length: usize, width: usize) -> Self {
        debug_assert!(width.is_multiple_of(V::LANES));
        Self { vectors: Vectors::new(length), column: 0, width }
    }
}

impl<V: Vector> Iterator for RowVectors<V> {
    type Item = (At, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(At, usize)> {
        let at = self.vectors.next()?;
        let column = self.column;
        self.column = if column + V::LANES < self.width { column + V::LANES } else { 0 };
        Some((at, column))
    }
}
