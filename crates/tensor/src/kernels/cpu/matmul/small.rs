//! Products so small that a plan, packed operands and scratch space would cost more than the
//! multiplications: tiles read the left operand where it lies, whatever its strides, and the right
//! one too where it is like a packed panel, or else a copy of it on the stack.
//!
//! Operands arrive by reference all the way: copying a structure whose parts have just been written
//! makes the processor wait, many times as long as a tile takes.

use std::mem::MaybeUninit;

use super::block::Activate;
use super::pack::pack_panel;
use super::{Epilogue, Matrix};
use crate::kernels::cpu::isa::{Kernel, dispatch};
use crate::kernels::cpu::tile::{Finish, Tile, TileTask, next_tile_rows, panel_width, with_tile};
use crate::kernels::cpu::vector::Vector;
use crate::kernels::threads::SharedMut;
use crate::ops::activation::Activation;

/// Values of an operand: both stay in the first-level cache.
const OPERAND: usize = 4096;
/// Rows of a transposed panel.
const DEEPEST: usize = 64;
/// Values of the widest transposed panel.
const PANEL: usize = 32 * DEEPEST;

/// Whether a product is of this kind.
#[inline]
pub(super) fn is_small(left: &Matrix<'_>, right: &Matrix<'_>) -> bool {
    let depth = left.columns;
    left.rows > 1
        && right.columns > 1
        && left.rows * depth <= OPERAND
        && depth * right.columns <= OPERAND
        && (right.column_stride == 1 || depth <= DEEPEST)
}

/// The product, on the calling thread.
///
/// # Safety
/// It [`is_small`]. `out` must hold as many rows, `out_stride` values apart, as `left` has, of as
/// many columns as `right` has, which nothing else may touch meanwhile. The operands' sizes must
/// fit each other, and a bias has a value a column.
pub(super) unsafe fn product(
    left: &Matrix<'_>,
    right: &Matrix<'_>,
    epilogue: &Epilogue<'_>,
    out: SharedMut<f32>,
    out_stride: usize,
) {
    let (rows, columns) = (left.rows, right.columns);
    let bare = epilogue.bias.is_none() && !epilogue.accumulate;
    if bare && epilogue.activation == Activation::Identity && is_column_wise(left, right) {
        return dispatch(SideBySide { left, right, out: out.pointer(), out_stride });
    }
    let mut buffer = PanelBuffer(MaybeUninit::uninit());
    let mut at = (0, 0);
    while at.1 < columns {
        let buffer = buffer.0.as_mut_ptr().cast();
        at = dispatch(Tiles { left, right, epilogue, at, buffer, out: out.pointer(), out_stride });
    }
    let activation = epilogue.activation;
    if !matches!(activation, Activation::Identity | Activation::Relu) {
        // SAFETY: the output's rows and columns, by this function's contract.
        dispatch(unsafe { Activate::new(activation, out, out_stride, rows, columns) });
    }
}

#[repr(align(64))]
struct PanelBuffer(MaybeUninit<[f32; PANEL]>);

/// Tiles of equal size below each other, from the row and column `at` on; see [`product`] for what
/// its parts must be. They answer where to go on.
///
/// No loop in here comes back to another size of tiles: the compiler would prepare the distances of
/// all sizes before it, which takes as long as a tile.
struct Tiles<'a> {
    left: &'a Matrix<'a>,
    right: &'a Matrix<'a>,
    epilogue: &'a Epilogue<'a>,
    at: (usize, usize),
    /// Room for a panel, which stays from the first to the last row.
    buffer: *mut f32,
    out: *mut f32,
    out_stride: usize,
}

impl Kernel for Tiles<'_> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run<V: Vector>(self) -> (usize, usize) {
        let Self { left, right, epilogue, at: (row, column), buffer, out, out_stride } = self;
        let depth = left.columns;
        let columns = panel_width::<V>().min(right.columns - column);
        // A single vector if they fit one: tiles read no more.
        let width = if columns <= V::LANES { V::LANES } else { panel_width::<V>() };
        let is_packed = right.column_stride == 1 && columns == width && right.row_stride == width;
        let (panel, panel_stride) = if is_packed || depth > DEEPEST {
            (right.values.as_ptr().wrapping_add(column), right.row_stride)
        } else {
            const { assert!(DEEPEST * panel_width::<V>() <= PANEL) };
            if row == 0 {
                // SAFETY: the buffer holds the panel, as it is no deeper than `DEEPEST`.
                unsafe { pack_panel::<V>(right.part(0, depth, column, columns), buffer, width) };
            }
            (buffer.cast_const(), width)
        };
        let rows = tile_rows::<V>(left.rows - row, columns);
        let mut end = row + rows;
        while end < left.rows && tile_rows::<V>(left.rows - end, columns) == rows {
            end += rows;
        }
        let tiles = EqualTiles {
            count: (end - row) / rows,
            depth,
            left: left.values.as_ptr().wrapping_add(row * left.row_stride),
            left_strides: (left.row_stride, left.column_stride),
            panel,
            panel_stride,
            is_packed: is_packed || depth <= DEEPEST,
            out: out.wrapping_add(row * out_stride + column),
            out_stride,
            columns,
            finish: epilogue.finish(column, true, true),
        };
        if const { V::TILE_ROWS >= 12 } && rows == TALL {
            tiles.run::<V, TALL, 1>();
        } else {
            with_tile::<V, _>(rows, columns, tiles);
        }
        if end < left.rows { (end, column) } else { (0, column + columns) }
    }
}

/// Rows of a tile of single vectors where there are registers for it: two of them take 32 rows,
/// where tiles of two vectors would have three.
const TALL: usize = 16;

/// How many of `left` rows the next tile of `columns` columns takes.
#[inline(always)]
fn tile_rows<V: Vector>(left: usize, columns: usize) -> usize {
    let is_tall = V::TILE_ROWS >= 12 && columns <= V::LANES && (left == TALL || left > TALL + 2);
    if is_tall { TALL } else { next_tile_rows::<V>(left) }
}

/// Tiles of one size. Pointers are good for what sizes and strides say.
struct EqualTiles {
    count: usize,
    depth: usize,
    left: *const f32,
    left_strides: (usize, usize),
    panel: *const f32,
    panel_stride: usize,
    /// The panel's rows are as wide as the tile and follow each other without gaps.
    is_packed: bool,
    out: *mut f32,
    out_stride: usize,
    columns: usize,
    finish: Finish,
}

impl TileTask for EqualTiles {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, const M: usize, const N: usize>(self) {
        let Self { count, depth, panel, panel_stride, columns, .. } = self;
        for tile in 0..count {
            let left = self.left.wrapping_add(tile * M * self.left_strides.0);
            let out = self.out.wrapping_add(tile * M * self.out_stride);
            let mut tile = Tile::<V, M, N>::zero();
            // SAFETY: `Tiles` sets up `M` rows of `depth` values on the left, as many rows of a
            // panel, of `columns` values or packed, and `M` rows of `columns` outputs.
            unsafe {
                // The distances that the compiler knows need not be added up.
                match self.left_strides {
                    (row_stride, 1) if self.is_packed => {
                        tile.add_packed_products(depth, rows(left, row_stride), panel);
                    }
                    (1, step) if self.is_packed => {
                        // Few sums would wait for each other: each is added up in turns.
                        let turns = if M * N <= 4 { 4 } else { 1 };
                        for turn in 0..turns {
                            let rows = rows(left.wrapping_add(turn * step), 1);
                            let panel = panel.wrapping_add(turn * N * V::LANES);
                            let (steps, stride) =
                                ((depth + turns - 1 - turn) / turns, turns * step);
                            let mut part = Tile::<V, M, N>::zero();
                            part.add_products(steps, rows, stride, panel, turns * N * V::LANES);
                            tile = if turn == 0 { part } else { tile.plus(part) };
                        }
                    }
                    (row_stride, step) => {
                        let rows = rows(left, row_stride);
                        tile.add_products_part(depth, rows, step, panel, panel_stride, columns);
                    }
                }
                tile.store(out, self.out_stride, columns, self.finish);
            }
        }
    }
}

/// Where `M` rows begin that lie `stride` apart.
#[inline(always)]
fn rows<const M: usize>(first: *const f32, stride: usize) -> [*const f32; M] {
    let mut rows = [first; M];
    for (i, row) in rows.iter_mut().enumerate() {
        *row = first.wrapping_add(i * stride);
    }
    rows
}

/// Whether a left operand that lies in columns meets columns so few that tiles would leave most
/// lanes empty.
#[inline]
fn is_column_wise(left: &Matrix<'_>, right: &Matrix<'_>) -> bool {
    left.row_stride == 1 && right.column_stride == 1 && right.columns <= FEW
}

/// Columns of which there are few.
const FEW: usize = 4;

/// Such a product: a vector has the sums of one column in many rows. (The gradient of the weights
/// of a few outputs.)
struct SideBySide<'a> {
    left: &'a Matrix<'a>,
    right: &'a Matrix<'a>,
    out: *mut f32,
    out_stride: usize,
}

impl Kernel for SideBySide<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        for column in 0..self.right.columns {
            let mut row = 0;
            while row < self.left.rows {
                let count = V::LANES.min(self.left.rows - row);
                let sums = self.column_sums::<V>(row, count, column).to_array();
                for (lane, sum) in sums[..count].iter().enumerate() {
                    // SAFETY: the output of this row and column.
                    unsafe { *self.out.add((row + lane) * self.out_stride + column) = *sum };
                }
                row += count;
            }
        }
    }
}

impl SideBySide<'_> {
    /// The sums of `count` rows from `row`, at most a vector, in one column.
    #[inline(always)]
    fn column_sums<V: Vector>(&self, row: usize, count: usize, column: usize) -> V {
        // As many as hide the time that an addition takes.
        let mut turns = [V::zero(); 4];
        let mut step = 0;
        while step + turns.len() <= self.left.columns {
            for (turn, sum) in turns.iter_mut().enumerate() {
                *sum = self.add_product(row, count, column, step + turn, *sum);
            }
            step += turns.len();
        }
        let [mut first, second, third, fourth] = turns;
        while step < self.left.columns {
            first = self.add_product(row, count, column, step, first);
            step += 1;
        }
        first.add(second).add(third.add(fourth))
    }

    /// `sum` and the products of the shared axis at `step`.
    #[inline(always)]
    fn add_product<V: Vector>(
        &self,
        row: usize,
        count: usize,
        column: usize,
        step: usize,
        sum: V,
    ) -> V {
        let left = self.left.values.as_ptr().wrapping_add(row + step * self.left.column_stride);
        let right = self.right.values.as_ptr().wrapping_add(step * self.right.row_stride + column);
        // SAFETY: `count` neighbouring rows of the left operand and an element of the right one.
        let (left, right) = unsafe {
            let left = if count == V::LANES { V::load(left) } else { V::load_part(left, count) };
            (left, *right)
        };
        left.mul_add(V::splat(right), sum)
    }
}
