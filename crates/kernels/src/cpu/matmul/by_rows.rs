//! Products with a packed matrix in which no row's bits depend on the rows beside it: sequences and
//! single items give the same result whatever the batch size.

use super::block::Blocked;
use super::choose::{self, Machine, Shape, Way};
use super::operands::{Epilogue, Matrix};
use super::packed_matrix::{PackedMatrix, Right};
use crate::cpu::tile::panel_columns;
use crate::cpu::trace;
use crate::shared_mut::SharedMut;

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
    let by_rows = |shape: &Shape| (choose::by_rows(shape, &Machine::current()), shape.work());
    product_chosen(left, right, epilogue, out, by_rows, false);
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
    let few_rows =
        |shape: &Shape| (choose::few_rows(shape, &Machine::current()), shape.work_of_few_rows());
    product_chosen(left, right, epilogue, out, few_rows, backwards);
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
    let blocked = whole(left, right, epilogue, out, backwards);
    // SAFETY: by this function's contract.
    unsafe { blocked.block((0, left.rows), columns) };
}

fn whole<'a>(
    left: Matrix<'a>,
    right: &'a PackedMatrix,
    epilogue: Epilogue<'a>,
    out: SharedMut<'a, f32>,
    backwards: bool,
) -> Blocked<'a> {
    let (out_stride, right) = (right.columns(), Right::Packed(right));
    Blocked { left, right, right_start: 0, epilogue, out, out_stride, backwards }
}

/// The product in blocks, as the way says that is chosen for its shape, with an estimate of its
/// work in nanoseconds.
#[track_caller]
fn product_chosen(
    left: Matrix<'_>,
    right: &PackedMatrix,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
    choose: impl FnOnce(&Shape) -> (Way, usize),
    backwards: bool,
) {
    check_operands(left, right, epilogue);
    check_output(left, right, out);
    if out.is_empty() {
        return;
    }
    let shape = Right::Packed(right).product_shape(&left, right.columns());
    let (way, work) = choose(&shape);
    trace::way(|| shape, || way);
    let blocked = whole(left, right, epilogue, SharedMut::new(out), backwards);
    // SAFETY: the sizes were checked, and `out` is this function's alone.
    unsafe { blocked.run(&blocked.grid(way, panel_columns()), work) };
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
