//! Matrix products: `out = activation(left · right + bias)` for any strides.
//!
//! Large products are cut into blocks of rows and columns, one task each; a block runs through
//! the shared axis in `stretch`es, so that a panel of the right operand stays in the
//! first-level cache while tiles of the left pass by (Goto and van de Geijn 2008). The cut follows
//! from the sizes alone, so results do not depend on threads.

mod block;
mod by_rows;
mod half;
mod pack;
mod packed_row;
mod plan;
mod small;
mod with_vector;

#[cfg(test)]
mod tests;

pub use by_rows::{product_by_rows, product_of_rows};
pub(crate) use by_rows::{product_of_columns, product_of_few_rows};
pub use half::HalfMatrix;
pub use pack::PackedMatrix;
pub(crate) use plan::work_of_few_rows;

use super::ahead::Ahead;
use super::isa::dispatch_raw;
use super::tile::{Finish, panel_columns, panel_width};
use super::turns::in_turn;
use super::vector::Vector;
use crate::activation::Activation;
use crate::threads::{SharedMut, parallel_for};
use block::Block;
use plan::{Cut, FEW_ROWS, Plan};

/// Values of a panel that are multiplied at once: it (20 KiB, or 30 with vectors of 16 lanes) and
/// the rows of a tile fit the first-level cache.
const PANEL_VALUES: [usize; 2] = [5120, 7680];

/// Values of a chunk of the shared axis where one or a few rows meet a matrix that comes from beyond
/// the second-level cache: it is read row by row, as the processor expects.
const CHUNK_VALUES: usize = 32 << 10;

/// The length of the stretches of a shared axis that are multiplied at once.
#[inline(always)]
fn stretch<V: Vector>(depth: usize) -> usize {
    let longest = PANEL_VALUES[usize::from(V::LANES > 8)] / panel_width::<V>();
    let stretches = depth.div_ceil(longest).max(1);
    depth.div_ceil(stretches).next_multiple_of(4)
}

/// A matrix in memory: element `(i, j)` is `values[i * row_stride + j * column_stride]`.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
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
    fn part(self, row: usize, rows: usize, column: usize, columns: usize) -> Self {
        debug_assert!(row + rows <= self.rows && column + columns <= self.columns);
        if rows == 0 || columns == 0 {
            return Self { values: &[], rows, columns, ..self };
        }
        let start = row * self.row_stride + column * self.column_stride;
        Self { values: &self.values[start..], rows, columns, ..self }
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
    fn rows(&self) -> usize {
        match self {
            Self::Plain(matrix) => matrix.rows,
            Self::Packed(packed) => packed.rows(),
        }
    }

    fn columns(&self) -> usize {
        match self {
            Self::Plain(matrix) => matrix.columns,
            Self::Packed(packed) => packed.columns(),
        }
    }

    /// The rows from `row` on of the packed panel that begins with `column`. A plain operand is
    /// packed panel by panel, which gains nothing from asking.
    #[inline]
    fn ahead(&self, row: usize, column: usize) -> Option<Ahead> {
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

/// What happens to the products on their way to memory:
/// `out = activation(products + (accumulate ? out : 0) + bias)`.
#[derive(Clone, Copy, Default)]
pub struct Epilogue<'a> {
    /// Adds to the target instead of overwriting it.
    pub accumulate: bool,
    /// One value a column.
    pub bias: Option<&'a [f32]>,
    /// Applied last.
    pub activation: Activation,
}

impl Epilogue<'_> {
    /// What a tile from column `column` on does with its sums of a stretch of the shared axis, the
    /// first or the last of them or both. Activations but ReLU come after the tile.
    #[inline(always)]
    fn finish(&self, column: usize, is_first: bool, is_last: bool) -> Finish {
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
    if let Right::Plain(right) = &right
        && small::is_small(&left, right)
    {
        // SAFETY: the sizes have just been checked, and `out` is this function's alone.
        unsafe { small::product(&left, right, &epilogue, SharedMut::new(out), out_stride) };
    } else {
        any_product(left, right, epilogue, out, out_stride);
    }
}

/// A product that is not small, of operands and an output that fit each other.
fn any_product(
    left: Matrix<'_>,
    right: Right<'_>,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
    out_stride: usize,
) {
    let (rows, depth, columns) = (left.rows, left.columns, right.columns());
    if with_vector::product(left, right, epilogue, out, out_stride) {
        return;
    }
    if plan::is_small(rows, depth, columns) {
        return whole(left, right, epilogue, out, out_stride);
    }
    let plan = Plan::new([rows, depth, columns], panel_columns(), left.column_stride == 1);
    match plan.cut {
        Cut::Depth(chunks) => by_depth(chunks, left, right, epilogue, out, out_stride),
        Cut::Blocks { rows: row_blocks, .. } => {
            // Several blocks of rows share the columns: pack them once for all.
            let packed = match right {
                Right::Plain(matrix) if row_blocks > 1 => Some(PackedMatrix::new(matrix)),
                _ => None,
            };
            let right = packed.as_ref().map_or(right, Right::Packed);
            blocks(&plan, left, right, 0, epilogue, out, out_stride, false);
        }
    }
}

/// The product as one block, on the calling thread. Callers have checked that `out` holds it.
fn whole(
    left: Matrix<'_>,
    right: Right<'_>,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
    out_stride: usize,
) {
    let (out, rows, columns) = (SharedMut::new(out), (0, left.rows), (0, right.columns()));
    let block = Block::new(left, right, 0, epilogue, out, out_stride, rows, columns);
    // SAFETY: the block lies within `out`, which nothing else uses meanwhile.
    unsafe { dispatch_raw(block) };
}

/// Every block of `plan` as a task. The first column of `left` meets row `right_start` of `right`.
#[expect(clippy::too_many_arguments, reason = "a block's, with the plan")]
fn blocks(
    plan: &Plan,
    left: Matrix<'_>,
    right: Right<'_>,
    right_start: usize,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
    out_stride: usize,
    backwards: bool,
) {
    let shared = SharedMut::new(out);
    parallel_for(plan.tasks(), plan.work, |task| {
        let (rows, columns) = plan.block(task);
        let block =
            Block::new(left, right, right_start, epilogue, shared, out_stride, rows, columns);
        // SAFETY: blocks do not overlap, and `product_strided` has checked that `out` holds all
        // of them.
        unsafe { dispatch_raw(block.in_order(backwards)) };
    });
}

/// Cuts the shared axis: a few outputs that are sums of very many products. Each chunk gives a
/// whole result of its own; they are added in order.
fn by_depth(
    chunks: usize,
    left: Matrix<'_>,
    right: Right<'_>,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
    out_stride: usize,
) {
    let (rows, depth, columns) = (left.rows, left.columns, right.columns());
    let size = rows * columns;
    let mut storage = crate::storage::Storage::new(chunks * size);
    let partial = storage.unique_f32s().expect("a new buffer is not shared");
    let shared = SharedMut::new(partial);
    let multiply = |chunk: usize| {
        let (start, end) = (depth * chunk / chunks, depth * (chunk + 1) / chunks);
        // SAFETY: each chunk has its own `size` values of the scratch buffer.
        let out = unsafe { shared.slice(chunk * size, size) };
        let left = left.part(0, rows, start, end - start);
        let plan =
            Plan::new([rows, end - start, columns], panel_columns(), left.column_stride == 1)
                .in_blocks();
        blocks(&plan, left, right, start, Epilogue::default(), out, columns, false);
    };
    let work = plan::work(rows, depth, columns);
    match right {
        Right::Plain(matrix) if rows < FEW_ROWS => in_turn(matrix.values, chunks, work, multiply),
        _ => parallel_for(chunks, work, multiply),
    }
    let partial = &*partial;
    for row in 0..rows {
        let out = &mut out[row * out_stride..][..columns];
        if !epilogue.accumulate {
            out.fill(0.0);
        }
        for chunk in partial.chunks_exact(size) {
            let chunk = &chunk[row * columns..][..columns];
            out.iter_mut().zip(chunk).for_each(|(sum, term)| *sum += term);
        }
        if let Some(bias) = epilogue.bias {
            out.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias);
        }
    }
    let (activation, out) = (epilogue.activation, SharedMut::new(out));
    // SAFETY: `out` holds `rows` rows of `columns` values, checked by `product_strided`.
    unsafe { dispatch_raw(block::Activate { activation, out, out_stride, rows, columns }) };
}
