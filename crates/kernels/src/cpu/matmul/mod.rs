//! Matrix products: `out = activation(left · right + bias)` for any strides.
//!
//! `choose.rs` says which code makes a product, from its shape alone, so that results do not depend
//! on threads; its `Way` lists the files. Most products are cut into blocks of rows and columns,
//! one task each (`block.rs`), that run through the shared axis with register tiles
//! (`cpu/tile.rs`).

mod activate;
mod block;
mod by_rows;
mod choose;
mod depth;
mod grid;
mod half;
mod operands;
mod pack;
mod packed_matrix;
mod packed_row;
mod small;
mod vector;

#[cfg(test)]
mod tests;

pub use by_rows::{product_by_rows, product_of_rows};
pub(crate) use by_rows::{product_of_columns, product_of_few_rows};
pub(crate) use choose::work_of_few_rows;
pub use half::HalfMatrix;
pub use operands::{Epilogue, Matrix};
pub use packed_matrix::{PackedMatrix, Right};

use super::trace;
use crate::shared_mut::SharedMut;
use block::Blocked;
use choose::{Machine, Shape, Way, choose};
use vector::VectorProduct;

/// `out = left · right` under `epilogue`; `out` is row-major with `right`'s number of columns.
///
/// # Panics
/// When the sizes do not fit each other.
#[track_caller]
#[inline]
pub fn product<'a>(
    left: Matrix<'_>,
    right: impl Into<Right<'a>>,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
) {
    let right = right.into();
    product_strided(left, right, epilogue, out, right.columns());
}

/// As [`product`], with rows of `out` that begin `out_stride` values apart.
///
/// # Panics
/// When the sizes do not fit each other.
#[track_caller]
#[inline]
pub fn product_strided(
    left: Matrix<'_>,
    right: Right<'_>,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
    out_stride: usize,
) {
    let (rows, depth, columns) = (left.rows, left.columns, right.columns());
    assert_eq!(depth, right.rows(), "lengths of the axis that a matrix product sums over");
    if rows == 0 || columns == 0 {
        return;
    }
    let end = (rows - 1) * out_stride + columns;
    assert!(out_stride >= columns && end <= out.len(), "{rows}×{columns} in {}", out.len());
    assert!(epilogue.bias.is_none_or(|bias| bias.len() == columns), "one bias a column");
    let shape = right.product_shape(&left, out_stride);
    let way = choose(&shape, Machine::current);
    trace::way(|| shape, || way);
    if let (Way::Small, Right::Plain(right)) = (way, &right) {
        // SAFETY: the sizes have just been checked, and `out` is this function's alone.
        unsafe { small::product(&left, right, &epilogue, SharedMut::new(out), out_stride) };
    } else {
        run(way, &shape, left, right, epilogue, out);
    }
}

/// Makes a product of operands and an output that fit each other by any way that can make it.
fn run(
    way: Way,
    shape: &Shape,
    left: Matrix<'_>,
    right: Right<'_>,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
) {
    match (way, right) {
        (Way::Small, Right::Plain(right)) => {
            let out = SharedMut::new(out);
            // SAFETY: the sizes fit, and `out` is this function's alone.
            unsafe { small::product(&left, &right, &epilogue, out, shape.out_stride) };
        }
        (
            Way::Dots { .. } | Way::SumOfRows { .. } | Way::SumOfChunks { .. },
            Right::Plain(right),
        ) => {
            VectorProduct::new(left, right, epilogue).run(way, out);
        }
        (Way::Depth { chunks }, _) => {
            depth::product(chunks, shape, left, right, epilogue, out);
        }
        (_, right) => {
            let packed = match (way, right) {
                (Way::Blocks { packs: true, .. }, Right::Plain(matrix)) => {
                    Some(PackedMatrix::new(matrix))
                }
                _ => None,
            };
            let right = packed.as_ref().map_or(right, Right::Packed);
            let (out, out_stride) = (SharedMut::new(out), shape.out_stride);
            let (right_start, backwards) = (0, false);
            let blocked =
                Blocked { left, right, right_start, epilogue, out, out_stride, backwards };
            let grid = blocked.grid(way, Machine::current().panel);
            // SAFETY: the sizes fit, and `out` is this function's alone.
            unsafe { blocked.run(&grid, shape.work()) };
        }
    }
}
