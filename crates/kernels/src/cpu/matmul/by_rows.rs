//! Products with a packed matrix in which no row's bits depend on the rows beside it: sequences and
//! single items come to the same result in any company.

use super::block::Block;
use super::plan::Plan;
use super::{Epilogue, Matrix, PackedMatrix, Right, blocks};
use crate::cpu::isa::dispatch_raw;
use crate::cpu::tile::panel_columns;
use crate::threads::{self, SharedMut};

/// As [`super::product`], where a row's bits depend neither on the rows beside it nor on their
/// number.
///
/// # Panics
/// When the sizes do not fit each other.
#[track_caller]
pub fn product_by_rows(
    left: Matrix<'_>,
    right: &PackedMatrix,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
) {
    let in_rows = left.column_stride == 1;
    let plan = |sizes| Plan::new(sizes, panel_columns(), in_rows).without_depth_cut();
    product_planned(left, right, epilogue, out, plan, false);
}

/// `out = left · right` under `epilogue` on the calling thread alone. A row's bits do not depend on
/// the rows beside it, nor any on whether the columns are taken `backwards`: a `right` that is
/// larger than the cache, and read again and again, is best read from either end in turn.
///
/// # Panics
/// When the sizes do not fit each other.
#[track_caller]
pub fn product_of_rows(
    left: Matrix<'_>,
    right: &PackedMatrix,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
    backwards: bool,
) {
    check_output(left, right, out);
    let columns = (0, right.columns());
    // SAFETY: `out` holds all columns, as was just checked, and is this function's alone.
    unsafe { product_of_columns(left, right, epilogue, SharedMut::new(out), columns, backwards) };
}

/// As [`product_of_rows`] for a few rows, to the same bits; all threads share the weight.
///
/// # Panics
/// When the sizes do not fit each other.
#[track_caller]
pub(crate) fn product_of_few_rows(
    left: Matrix<'_>,
    right: &PackedMatrix,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
    backwards: bool,
) {
    let plan = |sizes| Plan::of_few_rows(sizes, panel_columns(), threads::count());
    product_planned(left, right, epilogue, out, plan, backwards);
}

/// Some columns (first, number) of [`product_of_rows`], the first at the start of a panel.
///
/// # Panics
/// When the sizes do not fit each other.
///
/// # Safety
/// `out` must be `left.rows` rows of as many values as `right` has columns, of which nothing else
/// may touch these columns meanwhile.
#[track_caller]
pub(crate) unsafe fn product_of_columns(
    left: Matrix<'_>,
    right: &PackedMatrix,
    epilogue: Epilogue<'_>,
    out: SharedMut<'_, f32>,
    columns: (usize, usize),
    backwards: bool,
) {
    check_operands(left, right, epilogue);
    assert!(columns.0.is_multiple_of(panel_columns()) && columns.0 + columns.1 <= right.columns());
    if left.rows * columns.1 == 0 {
        return;
    }
    let (rows, stride) = ((0, left.rows), right.columns());
    let block = Block::new(left, Right::Packed(right), 0, epilogue, out, stride, rows, columns);
    // SAFETY: by this function's contract.
    unsafe { dispatch_raw(block.in_order(backwards)) };
}

/// The product in blocks as `plan` cuts its sizes, `[rows, depth, columns]`.
#[track_caller]
fn product_planned(
    left: Matrix<'_>,
    right: &PackedMatrix,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
    plan: impl FnOnce([usize; 3]) -> Plan,
    backwards: bool,
) {
    check_operands(left, right, epilogue);
    check_output(left, right, out);
    if out.is_empty() {
        return;
    }
    let columns = right.columns();
    let plan = plan([left.rows, left.columns, columns]);
    blocks(&plan, left, Right::Packed(right), 0, epilogue, out, columns, backwards);
}

#[track_caller]
fn check_operands(left: Matrix<'_>, right: &PackedMatrix, epilogue: Epilogue<'_>) {
    assert_eq!(left.columns, right.rows(), "lengths of the axis that a matrix product sums over");
    let columns = right.columns();
    assert!(epilogue.bias.is_none_or(|bias| bias.len() == columns), "one bias a column");
}

#[track_caller]
fn check_output(left: Matrix<'_>, right: &PackedMatrix, out: &[f32]) {
    let (rows, columns) = (left.rows, right.columns());
    assert_eq!(out.len(), rows * columns, "a product of {rows}×{columns}");
}
