//! Products where the output is a single row or column: each value of the matrix is used once, so
//! nothing is packed. `out[j] = Σ_p vector[p] · matrix[p, j] + bias[j]`.

use super::block::Activate;
use super::{CHUNK_VALUES, Epilogue, Matrix, Right};
use crate::activation::Activation;
use crate::cpu::isa::{Kernel, RawKernel, dispatch};
use crate::cpu::tile::{Finish, Tile, TileTask, panel_width, with_tile};
use crate::cpu::turns::in_turn;
use crate::cpu::vector::Vector;
use crate::storage::Storage;
use crate::threads::SharedMut;

/// The most columns of which tasks do not take some each: rows of all of them are read as one.
const NARROW: usize = 512;

/// Whether a vector's product with `matrix` is of this kind: there is something to sum, in whole rows or columns.
fn takes_matrix(matrix: &Matrix<'_>) -> bool {
    matrix.rows > 0 && (reads_columns(matrix) || matrix.column_stride == 1)
}

fn reads_columns(matrix: &Matrix<'_>) -> bool {
    matrix.row_stride == 1 || matrix.rows == 1
}

/// Computes the product if it is of this kind, and says whether it was.
#[inline]
pub(super) fn product(
    left: Matrix<'_>,
    right: Right<'_>,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
    out_stride: usize,
) -> bool {
    let Right::Plain(right) = right else { return false };
    // A column is the row of the transposed product.
    let (vector, matrix) = match (left.rows, right.columns) {
        (1, _) => (left, right),
        (_, 1) if out_stride == 1 => (right.transposed(), left.transposed()),
        _ => return false,
    };
    if !takes_matrix(&matrix) {
        return false;
    }
    let by_columns = reads_columns(&matrix);
    let (depth, count) = (matrix.rows, matrix.columns);
    let bias = match epilogue.bias {
        Some(bias) if bias.len() == count => Bias::Each(bias),
        Some(bias) => Bias::Same(bias[0]),
        None => Bias::Same(0.0),
    };
    let mut scratch = None;
    // Memory delivers about 8 values a nanosecond.
    let work = depth * count / 8;
    let outputs_each = match by_columns {
        true => (65_536 / depth).clamp(8, 4096),
        false if count < 512 => 64,
        false => 128,
    };
    let vector = match by_columns && vector.column_stride != 1 && depth > 1 {
        false => vector,
        true => Matrix::new(gather(vector, scratch.insert(Storage::new(depth))), 1, depth),
    };
    let chunks = if by_columns || count > NARROW { 1 } else { depth * count / CHUNK_VALUES };
    if chunks > 1 {
        combine_by_depth(chunks, vector, matrix, bias, epilogue, &mut out[..count]);
        return true;
    }
    let shared = SharedMut::new(&mut out[..count]);
    in_turn(matrix.values, count.div_ceil(outputs_each), work, |task| {
        let start = task * outputs_each;
        let count = outputs_each.min(count - start);
        // SAFETY: tasks have their own outputs.
        let out = unsafe { shared.slice(start, count) };
        let matrix = matrix.part(0, depth, start, count);
        let bias = bias.from(start);
        let Epilogue { accumulate, activation, .. } = epilogue;
        let rows = Rows { vector, matrix, bias, accumulate, activation, out };
        if by_columns { dispatch(Dots(rows)) } else { dispatch(Combine(rows)) }
    });
    true
}

/// A large matrix of few columns, read row by row: each chunk of its rows gives a whole result of
/// its own, which are added in order.
fn combine_by_depth(
    chunks: usize,
    vector: Matrix<'_>,
    matrix: Matrix<'_>,
    bias: Bias<'_>,
    epilogue: Epilogue<'_>,
    out: &mut [f32],
) {
    let (depth, count) = (matrix.rows, matrix.columns);
    let mut storage = Storage::new(chunks * count);
    let partial = storage.unique_f32s().expect("a new buffer is not shared");
    let partial = &mut partial[..chunks * count];
    let shared = SharedMut::new(partial);
    in_turn(matrix.values, chunks, depth * count / 8, |chunk| {
        let (start, end) = (depth * chunk / chunks, depth * (chunk + 1) / chunks);
        dispatch(Combine(Rows {
            vector: vector.part(0, 1, start, end - start),
            matrix: matrix.part(start, end - start, 0, count),
            bias: Bias::Same(0.0),
            accumulate: false,
            activation: Activation::Identity,
            // SAFETY: each chunk has its own `count` values of the scratch buffer.
            out: unsafe { shared.slice(chunk * count, count) },
        }));
    });
    let Epilogue { accumulate, activation, .. } = epilogue;
    let vector = Matrix::strided(&[1.0], 1, chunks, 0, 0);
    let matrix = Matrix::new(partial, chunks, count);
    dispatch(Combine(Rows { vector, matrix, bias, accumulate, activation, out }));
}

fn gather<'a>(vector: Matrix<'_>, scratch: &'a mut Storage) -> &'a [f32] {
    let target = &mut scratch.unique_f32s().expect("a new buffer is not shared")[..vector.columns];
    let source = vector.values.iter().step_by(vector.column_stride);
    target.iter_mut().zip(source).for_each(|(target, source)| *target = *source);
    target
}

#[derive(Clone, Copy)]
enum Bias<'a> {
    Each(&'a [f32]),
    Same(f32),
}

impl<'a> Bias<'a> {
    fn from(self, start: usize) -> Self {
        match self {
            Self::Each(bias) => Self::Each(&bias[start..]),
            same => same,
        }
    }

    #[inline(always)]
    fn at(self, index: usize) -> f32 {
        match self {
            Self::Each(bias) => bias[index],
            Self::Same(bias) => bias,
        }
    }
}

struct Rows<'a> {
    /// One row.
    vector: Matrix<'a>,
    matrix: Matrix<'a>,
    bias: Bias<'a>,
    accumulate: bool,
    activation: Activation,
    out: &'a mut [f32],
}

impl Rows<'_> {
    #[inline(always)]
    fn activate<V: Vector>(self) {
        let (activation, columns) = (self.activation, self.out.len());
        let out = SharedMut::new(self.out);
        // SAFETY: one row of values that this task owns.
        unsafe { Activate { activation, out, out_stride: columns, rows: 1, columns }.run::<V>() };
    }
}

/// Contiguous columns: each output is a dot product.
struct Dots<'a>(Rows<'a>);

impl Kernel for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let rows = self.0;
        let (depth, count) = (rows.matrix.rows, rows.out.len());
        let (vector, matrix) = (rows.vector.values.as_ptr(), rows.matrix.values.as_ptr());
        let stride = rows.matrix.column_stride;
        let mut store = |j: usize, sum: f32| {
            let old = if rows.accumulate { rows.out[j] } else { 0.0 };
            rows.out[j] = old + sum + rows.bias.at(j);
        };
        let mut j = 0;
        // SAFETY: `vector` has `depth` contiguous values, and so has each of `count` columns,
        // `stride` apart.
        unsafe {
            while j + 4 <= count {
                let columns = [0, 1, 2, 3].map(|i| matrix.add((j + i) * stride));
                let sums = dots::<V, 4>(depth, vector, columns);
                for (i, sum) in sums.into_iter().enumerate() {
                    store(j + i, sum);
                }
                j += 4;
            }
            while j < count {
                let [sum] = dots::<V, 1>(depth, vector, [matrix.add(j * stride)]);
                store(j, sum);
                j += 1;
            }
        }
        rows.activate::<V>();
    }
}

/// The dot products of `vector` with `N` columns.
///
/// # Safety
/// `depth` values must be readable from each pointer.
#[inline(always)]
unsafe fn dots<V: Vector, const N: usize>(
    depth: usize,
    vector: *const f32,
    columns: [*const f32; N],
) -> [f32; N] {
    let mut sums = [[V::zero(); 2]; N];
    let mut p = 0;
    // SAFETY: every access ends at or before `depth`.
    unsafe {
        while p + 2 * V::LANES <= depth {
            let x = [V::load(vector.add(p)), V::load(vector.add(p + V::LANES))];
            for (sums, column) in sums.iter_mut().zip(columns) {
                sums[0] = x[0].mul_add(V::load(column.add(p)), sums[0]);
                sums[1] = x[1].mul_add(V::load(column.add(p + V::LANES)), sums[1]);
            }
            p += 2 * V::LANES;
        }
        if p + V::LANES <= depth {
            let x = V::load(vector.add(p));
            for (sums, column) in sums.iter_mut().zip(columns) {
                sums[0] = x.mul_add(V::load(column.add(p)), sums[0]);
            }
            p += V::LANES;
        }
        if p < depth {
            let x = V::load_part(vector.add(p), depth - p);
            for (sums, column) in sums.iter_mut().zip(columns) {
                sums[1] = x.mul_add(V::load_part(column.add(p), depth - p), sums[1]);
            }
        }
    }
    let mut out = [0.0; N];
    for (out, sums) in out.iter_mut().zip(sums) {
        *out = sums[0].add(sums[1]).sum();
    }
    out
}

/// Vectors of the widest strip of columns.
const WIDE: usize = 8;

/// Contiguous rows: the outputs are a combination of them, strip by strip.
struct Combine<'a>(Rows<'a>);

impl Kernel for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let rows = self.0;
        let count = rows.out.len();
        let wide = WIDE * V::LANES;
        let strip = |out: &mut [f32], column: usize, columns: usize| Strip {
            depth: rows.matrix.rows,
            vector: rows.vector.values.as_ptr(),
            step: rows.vector.column_stride,
            matrix: rows.matrix.values[column..].as_ptr(),
            stride: rows.matrix.row_stride,
            out: out[column..].as_mut_ptr(),
            columns,
            finish: Finish {
                accumulate: rows.accumulate,
                bias: match rows.bias {
                    Bias::Each(bias) => bias[column..].as_ptr(),
                    Bias::Same(_) => std::ptr::null(),
                },
                relu: false,
            },
        };
        let mut column = 0;
        // SAFETY: the matrix has as many columns as there are outputs, and the vector a value for
        // each of its rows; each strip's columns are among them.
        unsafe {
            while column + wide <= count {
                strip(rows.out, column, wide).run::<V, 1, WIDE>();
                column += wide;
            }
            if column + wide / 2 <= count {
                strip(rows.out, column, wide / 2).run::<V, 1, { WIDE / 2 }>();
                column += wide / 2;
            }
            while column < count {
                let columns = panel_width::<V>().min(count - column);
                with_tile::<V, _>(1, columns, strip(rows.out, column, columns));
                column += columns;
            }
        }
        if let Bias::Same(bias) = rows.bias
            && bias != 0.0
        {
            rows.out.iter_mut().for_each(|out| *out += bias);
        }
        rows.activate::<V>();
    }
}

/// A vector times some columns of a matrix.
struct Strip {
    depth: usize,
    /// `depth` values, `step` apart.
    vector: *const f32,
    step: usize,
    /// `depth` rows of `columns` values, `stride` apart.
    matrix: *const f32,
    stride: usize,
    /// `columns` values, readable if `finish` accumulates.
    out: *mut f32,
    columns: usize,
    /// With `columns` values of bias, or none.
    finish: Finish,
}

impl TileTask for Strip {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector, const M: usize, const N: usize>(self) {
        let Self { depth, step, matrix, stride, columns, .. } = self;
        let mut tile = Tile::<V, M, N>::zero();
        let vector = [self.vector; M];
        // SAFETY: the fields' promises; `M` is 1.
        unsafe {
            if columns == N * V::LANES {
                tile.add_products(depth, vector, step, matrix, stride);
            } else {
                tile.add_products_part(depth, vector, step, matrix, stride, columns);
            }
            tile.store(self.out, columns, columns, self.finish);
        }
    }
}
