//! What products are made of: matrices in memory, and what happens to the sums at last.

use crate::activation::Activation;
use crate::cpu::tile::Finish;

/// A matrix in memory: element `(i, j)` is `values[i * row_stride + j * column_stride]`.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub(super) values: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A row-major matrix.
    #[track_caller]
    #[inline]
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(values, rows, columns, columns, 1)
    }

    /// A matrix with any distances between its elements.
    ///
    /// # Panics
    /// When an element would lie outside of `values`: kernels rely on it.
    #[track_caller]
    #[inline]
    pub(crate) fn strided(
        values: &'a [f32],
        rows: usize,
        columns: usize,
        row_stride: usize,
        column_stride: usize,
    ) -> Self {
        if rows > 0 && columns > 0 {
            let last = (rows - 1) * row_stride + (columns - 1) * column_stride;
            assert!(last < values.len(), "a {rows}×{columns} matrix in {} values", values.len());
        }
        Self { values, rows, columns, row_stride, column_stride }
    }

    /// The same values with rows and columns exchanged.
    #[inline]
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The part with these rows and columns.
    #[inline]
    pub(super) fn part(self, row: usize, rows: usize, column: usize, columns: usize) -> Self {
        debug_assert!(row + rows <= self.rows && column + columns <= self.columns);
        if rows == 0 || columns == 0 {
            return Self { values: &[], rows, columns, ..self };
        }
        let start = row * self.row_stride + column * self.column_stride;
        Self { values: &self.values[start..], rows, columns, ..self }
    }
}

/// What happens to the products on their way to memory:
/// `out = activation(products + (accumulate ? out : 0) + bias)`.
#[derive(Clone, Copy, Default)]
pub struct Epilogue<'a> {
    /// Adds to the target instead of overwriting it.
    pub accumulate: bool,
    /// One value per column.
    pub bias: Option<&'a [f32]>,
    /// Applied last.
    pub activation: Activation,
}

impl Epilogue<'_> {
    /// What a tile from column `column` on does with its sums of a stretch of the shared axis, the
    /// first or the last of them or both. Activations but ReLU come after the tile.
    #[inline(always)]
    pub(super) fn finish(&self, column: usize, is_first: bool, is_last: bool) -> Finish {
        Finish {
            accumulate: self.accumulate || !is_first,
            bias: match self.bias {
                Some(bias) if is_last => bias[column..].as_ptr(),
                _ => std::ptr::null(),
            },
            relu: is_last && self.activation == Activation::Relu,
        }
    }
}
