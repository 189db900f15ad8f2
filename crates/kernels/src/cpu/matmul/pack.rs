//! Copies of operands in the order in which tiles read them.

use super::operands::Matrix;
use crate::cpu::isa::RawKernel;
use crate::cpu::tile::{next_tile_rows, panel_width};
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;

/// [`pack_panel`] as a kernel of its own, with what that demands of memory.
pub(super) struct PackPanel<'a> {
    pub(super) part: Matrix<'a>,
    pub(super) target: *mut f32,
    pub(super) width: usize,
}

impl RawKernel for PackPanel<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        // SAFETY: by this method's contract.
        unsafe { pack_panel::<V>(self.part, self.target, self.width) };
    }
}

/// Some rows of a matrix to their place in each of its panels.
pub(super) struct PackRows<'a> {
    pub(super) part: Matrix<'a>,
    /// From where the rows begin in the first panel on. Nothing else may touch these rows of any
    /// panel meanwhile.
    pub(super) target: SharedMut<'a, f32>,
    /// Values of a panel.
    pub(super) size: usize,
}

impl RawKernel for PackRows<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let Self { part, target, size } = self;
        let width = panel_width::<V>();
        for panel in 0..part.columns.div_ceil(width) {
            let columns = width.min(part.columns - panel * width);
            let part = part.part(0, part.rows, panel * width, columns);
            // SAFETY: by this method's contract.
            unsafe { pack_panel::<V>(part, target.pointer(panel * size), width) };
        }
    }
}

/// Writes `part` as rows of `width` values padded with zeros: one vector or, the width of a panel,
/// two.
///
/// # Safety
/// `part.rows * width` values from `target` must be writable, and `part` be no wider.
#[inline(always)]
pub(super) unsafe fn pack_panel<V: Vector>(part: Matrix<'_>, target: *mut f32, width: usize) {
    let Matrix { values, rows, columns, row_stride, column_stride } = part;
    debug_assert!(width == V::LANES || width == panel_width::<V>());
    debug_assert!((1..=width).contains(&columns));
    if rows == 0 {
        return;
    }
    let source = values.as_ptr();
    if column_stride == 1 {
        let [first, second] = [columns.min(V::LANES), columns.saturating_sub(V::LANES)];
        for row in 0..rows {
            // SAFETY: a row of the matrix, `columns` values, goes to a whole row of the panel.
            unsafe {
                let (source, target) = (source.add(row * row_stride), target.add(row * width));
                if columns == panel_width::<V>() {
                    V::load(source).store(target);
                    V::load(source.add(V::LANES)).store(target.add(V::LANES));
                } else {
                    V::load_part(source, first).store(target);
                    if width > V::LANES {
                        let rest = V::load_part(source.wrapping_add(V::LANES), second);
                        rest.store(target.add(V::LANES));
                    }
                }
            }
        }
        return;
    }
    // SAFETY: by this function's contract.
    unsafe { pack_columns::<V>(part, target, width) };
}

/// [`pack_panel`] of a matrix whose rows are not contiguous: square blocks of a transposed one; what
/// remains goes value by value.
///
/// # Safety
/// As for [`pack_panel`].
#[inline(always)]
unsafe fn pack_columns<V: Vector>(part: Matrix<'_>, target: *mut f32, width: usize) {
    let Matrix { values, rows, columns, row_stride, column_stride } = part;
    let source = values.as_ptr();
    let (mut done_rows, mut done_columns) = (0, 0);
    if row_stride == 1 {
        done_rows = rows / V::LANES * V::LANES;
        done_columns = columns / V::LANES * V::LANES;
        for row in (0..done_rows).step_by(V::LANES) {
            for column in (0..done_columns).step_by(V::LANES) {
                // SAFETY: the block's rows and columns lie within the matrix and the panel.
                unsafe {
                    let source = source.add(row + column * column_stride);
                    V::transpose(source, column_stride, target.add(row * width + column), width);
                }
            }
        }
    }
    for row in 0..rows {
        let from = if row < done_rows { done_columns } else { 0 };
        // SAFETY: whole vectors up to the end of the panel's row, and `(row, column)` lies within
        // the matrix.
        unsafe {
            let target = target.add(row * width);
            // No loop: that would become a call for each row.
            if from < width {
                V::zero().store(target.add(from));
            }
            if from + V::LANES < width {
                V::zero().store(target.add(from + V::LANES));
            }
            for column in from..columns {
                *target.add(column) = *source.add(row * row_stride + column * column_stride);
            }
        }
    }
}

/// Values that [`pack_left`] may write, but nobody reads, after the last tile.
pub(super) const LEFT_SLACK: usize = 16;

/// Writes `part` tile by tile ([`next_tile_rows`]), each as `[columns][rows of the tile]`.
#[inline(always)]
pub(super) fn pack_left<V: Vector>(part: Matrix<'_>, target: &mut [f32]) {
    let Matrix { values, rows, columns, row_stride, column_stride } = part;
    assert!(target.len() >= rows * columns + LEFT_SLACK);
    const { assert!(V::LANES - V::TILE_ROWS <= LEFT_SLACK) };
    if columns == 0 {
        return;
    }
    let (source, target) = (values.as_ptr(), target.as_mut_ptr());
    let mut row = 0;
    while row < rows {
        let tile_rows = next_tile_rows::<V>(rows - row);
        // SAFETY: the tile's values begin here and end before the next tile's or the slack.
        let (source, target) = unsafe { (source.add(row * row_stride), target.add(row * columns)) };
        let mut done = 0;
        if tile_rows == V::TILE_ROWS && rows - row >= V::LANES {
            // Whole vectors reach beyond the tile; the columns written after overwrite that.
            if row_stride == 1 {
                done = columns;
                for column in 0..columns {
                    // SAFETY: `LANES` rows exist from here on; the excess of the last column
                    // falls on the next tile, written later, or on the slack.
                    unsafe {
                        V::load(source.add(column * column_stride))
                            .store(target.add(column * V::TILE_ROWS));
                    }
                }
            } else if column_stride == 1 {
                done = columns / V::LANES * V::LANES;
                for column in (0..done).step_by(V::LANES) {
                    // SAFETY: as above, `LANES` rows and columns exist from here on.
                    unsafe {
                        let target = target.add(column * V::TILE_ROWS);
                        V::transpose(source.add(column), row_stride, target, V::TILE_ROWS);
                    }
                }
            }
        }
        if row_stride == 1 && tile_rows <= V::LANES {
            for column in done..columns {
                // SAFETY: the tile's rows at this column, at their place in the tile.
                unsafe {
                    V::load_part(source.add(column * column_stride), tile_rows)
                        .store_part(target.add(column * tile_rows), tile_rows);
                }
            }
            done = columns;
        }
        for column in done..columns {
            for i in 0..tile_rows {
                // SAFETY: element `(row + i, column)` of the matrix, at its place in the tile.
                unsafe {
                    *target.add(column * tile_rows + i) =
                        *source.add(i * row_stride + column * column_stride);
                }
            }
        }
        row += tile_rows;
    }
}
