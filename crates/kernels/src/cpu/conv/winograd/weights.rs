//! Weights transformed into panels, `G w Gᵀ`, and the way back of their gradient, `Gᵀ u G`.

use super::super::geometry::Geometry;
use super::choice::is_worth_keeping;
use super::transform::{Ends, INPUT, POSITIONS, Transform, Weight, WeightGrad, position};
use crate::cpu::at::At;
use crate::cpu::isa::{RawKernel, dispatch_raw};
use crate::cpu::tile::panel_columns;
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::storage::Storage;
use crate::threads::parallel_for;

/// Some rows of a vector of columns, for each tap.
type TapRows<const K: usize> = [[[[f32; LANES]; LANES]; K]; K];
/// The most lanes of any vector.
const LANES: usize = 16;
/// Source channels of a task.
const TASK_CHANNELS: usize = 16;

/// `[positions, panels, source channels, panel width]`, zeros in the columns beyond the last. The
/// last panel is as wide as it needs to be: [`row_width`].
pub(super) struct Weights {
    values: Storage,
    pub(super) channels: usize,
    pub(super) filters: usize,
}

/// How wide the rows of a panel are for `columns` columns from its first one on: one vector where
/// that is enough, so that no cache lines lie idle between rows.
#[inline(always)]
pub(super) fn row_width<V: Vector>(columns: usize) -> usize {
    if columns > V::LANES { 2 * V::LANES } else { V::LANES }
}

/// Values from one position to the next, where positions hold panels of rows: a cache line more
/// than they hold, so that the stores of a tile's positions do not meet in one set of the cache.
pub(super) fn position_stride(values: usize) -> usize {
    values.next_multiple_of(LANES) + LANES
}

/// The weight of a forward pass, kept for the next.
pub struct TransformedWeight(pub(super) Weights);

impl TransformedWeight {
    /// Transforms `weight`, if that takes a good part of this forward pass.
    pub fn worth_keeping(g: &Geometry, weight: &[f32]) -> Option<Self> {
        is_worth_keeping(g).then(|| Self(Weights::forward(g, weight)))
    }
}

impl Weights {
    /// TapRows are channels, columns are filters.
    pub(super) fn forward(g: &Geometry, weight: &[f32]) -> Self {
        Self::build(g, weight, [g.channels, g.filters], false)
    }

    /// The kernel turned by half a turn; rows are filters, columns are channels.
    pub(super) fn backward(g: &Geometry, weight: &[f32]) -> Self {
        Self::build(g, weight, [g.filters, g.channels], true)
    }

    fn build(g: &Geometry, weight: &[f32], sizes: [usize; 2], turned: bool) -> Self {
        match g.kernel[0] {
            5 => Self::of::<5>(weight, sizes, turned),
            _ => Self::of::<3>(weight, sizes, turned),
        }
    }

    /// Of a `K` × `K` kernel.
    fn of<const K: usize>(weight: &[f32], [channels, filters]: [usize; 2], turned: bool) -> Self
    where
        Weight: Transform<K, INPUT>,
    {
        assert_eq!(weight.len(), K * K * channels * filters);
        let width = panel_columns();
        let panels = filters.div_ceil(width);
        let stride = position_stride(panels * channels * width);
        let mut values = Storage::new(POSITIONS * stride);
        let target = values.unique_f32s().expect("a new buffer is not shared");
        let target = SharedMut::new(target);
        let groups = channels.div_ceil(TASK_CHANNELS);
        parallel_for(groups * panels, channels * filters * 4, |task| {
            let (group, panel) = (task / panels, task % panels);
            let first = group * TASK_CHANNELS;
            let panel = WeightPanel::<K> {
                weight,
                sizes: [channels, filters],
                turned,
                rows: [first, channels.min(first + TASK_CHANNELS)],
                column: panel * width,
                target: target.from(panel * channels * width),
                position_stride: stride,
            };
            // SAFETY: every task has its own rows of its own panel.
            unsafe { dispatch_raw(panel) };
        });
        Self { values, channels, filters }
    }

    /// All panels of a position lie one after the other from `position * position_stride` on, each
    /// with room for rows of whole panels.
    pub(super) fn values(&self) -> &[f32] {
        self.values.f32s()
    }

    pub(super) fn position_stride(&self) -> usize {
        position_stride(self.filters.div_ceil(panel_columns()) * self.channels * panel_columns())
    }
}

/// Some rows of one panel of a `K` × `K` kernel, which nothing else may touch meanwhile.
struct WeightPanel<'a, const K: usize> {
    weight: &'a [f32],
    sizes: [usize; 2],
    turned: bool,
    /// From, to.
    rows: [usize; 2],
    /// The panel's first column.
    column: usize,
    /// From the panel at position 0 on: those of the others follow, `position_stride` apart.
    target: SharedMut<'a, f32>,
    position_stride: usize,
}

impl<const K: usize> RawKernel for WeightPanel<'_, K>
where
    Weight: Transform<K, INPUT>,
{
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        const { assert!(V::LANES <= LANES) };
        let width = row_width::<V>(self.sizes[1] - self.column);
        let mut block: TapRows<K> = [[[[0.0; LANES]; LANES]; K]; K];
        for column in (0..width).step_by(V::LANES) {
            let mut row = self.rows[0];
            while row < self.rows[1] {
                let count = V::LANES.min(self.rows[1] - row);
                self.read::<V>([row, count], self.column + column, &mut block);
                for i in 0..count {
                    let target = self.target.pointer((row + i) * width + column);
                    let stride = self.position_stride;
                    // SAFETY: a row of the block has room for any vector; the panel has a row of
                    // whole vectors at each position.
                    unsafe {
                        Weight::both::<V>(&Taps::<K> { block: &block, row: i, target, stride })
                    };
                }
                row += count;
            }
        }
    }
}

impl<const K: usize> WeightPanel<'_, K> {
    /// Copies the weights of some rows and a vector of columns, zeros beyond the last column.
    #[inline(always)]
    fn read<V: Vector>(&self, [row, rows]: [usize; 2], column: usize, block: &mut TapRows<K>) {
        let [channels, filters] = self.sizes;
        let columns = V::LANES.min(filters.saturating_sub(column));
        for (tap, lines) in block.as_flattened_mut().iter_mut().enumerate() {
            let tap = if self.turned { K * K - 1 - tap } else { tap };
            let matrix = &self.weight[tap * channels * filters..][..channels * filters];
            if !self.turned {
                let at = if columns == V::LANES { At::Whole(0) } else { At::Part(0, columns) };
                for (i, line) in lines[..rows].iter_mut().enumerate() {
                    let start = (row + i) * filters + column.min(filters);
                    let source = &matrix[start..start + columns];
                    // SAFETY: so many values from there on; a line has room for any vector.
                    unsafe { at.load::<V>(source.as_ptr()).store(line.as_mut_ptr()) };
                }
            } else if rows == V::LANES && columns == V::LANES {
                let source = &matrix[column * channels + row..];
                // SAFETY: the matrix has a whole block of `LANES` rows and columns from here on,
                // and so has `lines`.
                unsafe {
                    V::transpose(source.as_ptr(), channels, lines.as_mut_ptr().cast(), LANES);
                }
            } else {
                for (i, line) in lines[..rows].iter_mut().enumerate() {
                    line.fill(0.0);
                    for (j, value) in line[..columns].iter_mut().enumerate() {
                        *value = matrix[(column + j) * channels + row + i];
                    }
                }
            }
        }
    }
}

/// Transforms the gradient of one panel of `width` columns back: `rows` channels by `columns`
/// filters, whose sums lie at `source` as [`Weights`] lie, to `target`, the panel's first column of
/// a weight `[K, K, rows, filters]`.
///
/// # Safety
/// Both must be valid for these sizes, and nothing else may use the target meanwhile.
#[inline(always)]
pub(super) unsafe fn gradient_back<V: Vector, const K: usize>(
    source: *const f32,
    position_stride: usize,
    [rows, columns, width]: [usize; 3],
    target: *mut f32,
    filters: usize,
) where
    WeightGrad: Transform<INPUT, K>,
{
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let count = V::LANES.min(columns - column);
            let at = if count == V::LANES { At::Whole(column) } else { At::Part(column, count) };
            let source = source.wrapping_add(row * width + column);
            let (target, tap_stride) = (target.wrapping_add(row * filters), rows * filters);
            // SAFETY: every position holds a panel of `rows` whole rows; the target has `columns`
            // values for each tap and row.
            unsafe {
                let sums = GradSums::<K> { source, position_stride, at, target, tap_stride };
                WeightGrad::both::<V>(&sums);
            }
            column += count;
        }
    }
}

/// From a row of each tap to a vector of each position.
struct Taps<'a, const K: usize> {
    block: &'a TapRows<K>,
    row: usize,
    target: *mut f32,
    stride: usize,
}

impl<V: Vector, const K: usize> Ends<V> for Taps<'_, K> {
    #[inline(always)]
    unsafe fn load(&self, row: usize, column: usize) -> V {
        // SAFETY: by this method's contract.
        unsafe { V::load(self.block[row][column][self.row].as_ptr()) }
    }

    #[inline(always)]
    unsafe fn store(&self, row: usize, column: usize, value: V) {
        // SAFETY: by this method's contract.
        unsafe { value.store(self.target.add(position(row, column, self.stride))) };
    }
}

/// From a vector of each position to a vector of each tap.
struct GradSums<const K: usize> {
    source: *const f32,
    position_stride: usize,
    at: At,
    target: *mut f32,
    tap_stride: usize,
}

impl<V: Vector, const K: usize> Ends<V> for GradSums<K> {
    #[inline(always)]
    unsafe fn load(&self, row: usize, column: usize) -> V {
        // SAFETY: by this method's contract.
        unsafe { V::load(self.source.add(position(row, column, self.position_stride))) }
    }

    #[inline(always)]
    unsafe fn store(&self, row: usize, column: usize, value: V) {
        let tap = row * K + column;
        // SAFETY: by this method's contract.
        unsafe { self.at.store(value, self.target.add(tap * self.tap_stride)) };
    }
}
