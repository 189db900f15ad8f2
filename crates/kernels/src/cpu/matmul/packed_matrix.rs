//! Right operands that are packed once for many products.

use super::choose::{self, Shape};
use super::operands::Matrix;
use super::pack::{PackPanel, PackRows};
use crate::cpu::ahead::Ahead;
use crate::cpu::isa::dispatch_raw;
use crate::cpu::tile::panel_columns;
use crate::shared_mut::SharedMut;
use crate::storage::Storage;
use crate::threads::parallel_for;

/// A right operand cut into panels of columns, each contiguous and padded with zeros: for a
/// weight that many products share.
pub struct PackedMatrix {
    storage: Storage,
    rows: usize,
    columns: usize,
    width: usize,
}

impl PackedMatrix {
    /// A packed copy of `matrix`.
    pub fn new(matrix: Matrix<'_>) -> Self {
        let width = panel_columns();
        let panels = matrix.columns.div_ceil(width);
        let mut storage = Storage::new(panels * width * matrix.rows);
        let size = width * matrix.rows;
        let values = storage.unique_f32s().expect("a new buffer is not shared");
        let shared = SharedMut::new(&mut values[..panels * size]);
        let work = panels * size / 4;
        if matrix.column_stride == 1 {
            // Some rows of all panels a task: memory is read row by row.
            let rows_each = (8192 / (panels * width).max(1)).max(8);
            parallel_for(matrix.rows.div_ceil(rows_each), work, |task| {
                let first = task * rows_each;
                let rows = rows_each.min(matrix.rows - first);
                let part = matrix.part(first, rows, 0, matrix.columns);
                let pack = PackRows { part, target: shared.from(first * width), size };
                // SAFETY: every task has its own rows of each panel's `size` values.
                unsafe { dispatch_raw(pack) };
            });
        } else {
            // About 8 KiB a task.
            let panels_each = (2048 / size.max(1)).max(1);
            parallel_for(panels.div_ceil(panels_each), work, |task| {
                let end = panels.min((task + 1) * panels_each);
                for panel in task * panels_each..end {
                    let column = panel * width;
                    let columns = width.min(matrix.columns - column);
                    let part = matrix.part(0, matrix.rows, column, columns);
                    let pack = PackPanel { part, target: shared.pointer(panel * size), width };
                    // SAFETY: every panel has its own `size` values.
                    unsafe { dispatch_raw(pack) };
                }
            });
        }
        Self { storage, rows: matrix.rows, columns: matrix.columns, width }
    }

    /// Whether a kept copy of `weight` makes products with that many contiguous rows faster, and to
    /// the same sums.
    pub fn pays(rows: usize, weight: Matrix<'_>) -> bool {
        choose::packing_pays(rows, &weight)
    }

    /// The same matrix without the columns from `columns` on.
    ///
    /// # Panics
    /// When there are not as many.
    pub fn narrowed(self, columns: usize) -> Self {
        assert!(columns <= self.columns, "{columns} of {} columns", self.columns);
        Self { columns, ..self }
    }

    /// All panels, one after the other.
    pub(super) fn values(&self) -> &[f32] {
        let panels = self.columns.div_ceil(self.width);
        &self.storage.f32s()[..panels * self.width * self.rows]
    }

    /// The number of rows of the matrix.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns of the matrix.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A panel from its row `start` on; rows are [`panel_width`] values apart.
    #[inline]
    pub(crate) fn panel(&self, index: usize, start: usize) -> &[f32] {
        let from = (index * self.rows + start) * self.width;
        &self.storage.f32s()[from..(index + 1) * self.rows * self.width]
    }

    /// The rows of the panel that begins with `column`, from `row` on.
    #[inline]
    pub(super) fn ahead(&self, row: usize, column: usize) -> Ahead {
        let skip = column * self.rows + row * self.width;
        Ahead::new(self.storage.f32s().as_ptr().wrapping_add(skip), self.width)
    }
}

/// The right operand of a product.
#[derive(Clone, Copy)]
pub enum Right<'a> {
    /// As it lies in memory.
    Plain(Matrix<'a>),
    /// In the order in which products read it.
    Packed(&'a PackedMatrix),
}

impl Right<'_> {
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Plain(matrix) => matrix.rows,
            Self::Packed(packed) => packed.rows(),
        }
    }

    pub(super) fn columns(&self) -> usize {
        match self {
            Self::Plain(matrix) => matrix.columns,
            Self::Packed(packed) => packed.columns(),
        }
    }

    /// What the way of its product with `left` is chosen by.
    #[inline]
    pub(super) fn product_shape(&self, left: &Matrix<'_>, out_stride: usize) -> Shape {
        Shape {
            rows: left.rows,
            depth: left.columns,
            columns: self.columns(),
            left: [left.row_stride, left.column_stride],
            right: match self {
                Self::Plain(matrix) => Some([matrix.row_stride, matrix.column_stride]),
                Self::Packed(_) => None,
            },
            out_stride,
        }
    }

    /// The rows from `row` on of the packed panel that begins with `column`. A plain operand is
    /// packed panel by panel, which gains nothing from asking.
    #[inline]
    pub(super) fn ahead(&self, row: usize, column: usize) -> Option<Ahead> {
        match self {
            Self::Packed(packed) => Some(packed.ahead(row, column)),
            Self::Plain(_) => None,
        }
    }
}

impl<'a> From<Matrix<'a>> for Right<'a> {
    fn from(matrix: Matrix<'a>) -> Self {
        Self::Plain(matrix)
    }
}

impl<'a> From<&'a PackedMatrix> for Right<'a> {
    fn from(packed: &'a PackedMatrix) -> Self {
        Self::Packed(packed)
    }
}
