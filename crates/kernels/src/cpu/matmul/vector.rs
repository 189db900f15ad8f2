//! Products where the output is a single row or column: each value of the matrix is used once, so
//! nothing is packed. `out[j] = Σ_p vector[p] · matrix[p, j] + bias[j]`.

use super::activate::Activate;
use super::choose::Way;
use super::operands::{Epilogue, Matrix};
use crate::activation::Activation;
use crate::cpu::isa::{Kernel, RawKernel, dispatch};
use crate::cpu::tile::{Finish, Tile, TileTask, panel_width, with_tile};
use crate::cpu::tuning::matmul::READ_PER_NS_OF_VECTOR;
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::storage::Storage;
use crate::threads::parallel_for;

/// A product with a vector.
#[derive(Clone, Copy)]
pub(super) struct VectorProduct<'a> {
    /// One row.
    vector: Matrix<'a>,
    matrix: Matrix<'a>,
    bias: Bias<'a>,
    accumulate: bool,
    activation: Activation,
}

impl<'a> VectorProduct<'a> {
    /// The product of a single row, or with a single column: the row of the transposed product.
    pub(super) fn new(left: Matrix<'a>, right: Matrix<'a>, epilogue: Epilogue<'a>) -> Self {
        let (vector, matrix) = match left.rows {
            1 => (left, right),
            _ => (right.transposed(), left.transposed()),
        };
        let bias = match epilogue.bias {
            Some(bias) if bias.len() == matrix.columns => Bias::Each(bias),
            Some(bias) => Bias::Same(bias[0]),
            None => Bias::Same(0.0),
        };
        let Epilogue { accumulate, activation, .. } = epilogue;
        Self { vector, matrix, bias, accumulate, activation }
    }

    /// Makes the product by one of the ways of this file.
    pub(super) fn run(self, way: Way, out: &mut [f32]) {
        let (depth, count) = (self.matrix.rows, self.matrix.columns);
        let out = &mut out[..count];
        match way {
            Way::SumOfChunks { chunks } => self.sum_of_chunks(chunks, out),
            Way::SumOfRows { each } => self.in_tasks(each, false, out),
            Way::Dots { each } => {
                let mut scratch = None;
                let vector = match self.vector.column_stride != 1 && depth > 1 {
                    false => self.vector,
                    true => {
                        let scratch = scratch.insert(Storage::new(depth));
                        Matrix::new(gather(self.vector, scratch), 1, depth)
                    }
                };
                VectorProduct { vector, ..self }.in_tasks(each, true, out);
            }
            _ => unreachable!("{way} has a file of its own"),
        }
    }

    /// Estimated nanoseconds: memory decides.
    fn work(&self) -> usize {
        self.matrix.rows * self.matrix.columns / READ_PER_NS_OF_VECTOR
    }

    /// Tasks of `each` outputs, as dot products or as sums of rows.
    fn in_tasks(&self, each: usize, as_dots: bool, out: &mut [f32]) {
        let count = out.len();
        let shared = SharedMut::new(out);
        parallel_for(count.div_ceil(each), self.work(), |task| {
            let start = task * each;
            let count = each.min(count - start);
            // SAFETY: tasks have their own outputs.
            let out = unsafe { shared.slice(start, count) };
            let matrix = self.matrix.part(0, self.matrix.rows, start, count);
            let part = VectorPart {
                of: VectorProduct { matrix, bias: self.bias.from(start), ..*self },
                out,
            };
            if as_dots { dispatch(Dots(part)) } else { dispatch(SumOfRows(part)) }
        });
    }

    /// A large matrix of few columns, read row by row: each chunk of its rows gives a whole result
    /// of its own, which are added in order.
    fn sum_of_chunks(self, chunks: usize, out: &mut [f32]) {
        let Self { vector, matrix, .. } = self;
        let (depth, count) = (matrix.rows, matrix.columns);
        let mut storage = Storage::new(chunks * count);
        let partial = storage.unique_f32s().expect("a new buffer is not shared");
        let partial = &mut partial[..chunks * count];
        let shared = SharedMut::new(partial);
        parallel_for(chunks, self.work(), |chunk| {
            let (start, end) = (depth * chunk / chunks, depth * (chunk + 1) / chunks);
            let of = VectorProduct {
                vector: vector.part(0, 1, start, end - start),
                matrix: matrix.part(start, end - start, 0, count),
                bias: Bias::Same(0.0),
                accumulate: false,
                activation: Activation::Identity,
            };
            // SAFETY: each chunk has its own `count` values of the scratch buffer.
            let out = unsafe { shared.slice(chunk * count, count) };
            dispatch(SumOfRows(VectorPart { of, out }));
        });
        let vector = Matrix::strided(&[1.0], 1, chunks, 0, 0);
        let matrix = Matrix::new(partial, chunks, count);
        dispatch(SumOfRows(VectorPart { of: VectorProduct { vector, matrix, ..self }, out }));
    }
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

/// Some outputs of a product, with the matrix and the bias from their columns on.
struct VectorPart<'a> {
    of: VectorProduct<'a>,
    out: &'a mut [f32],
}

impl VectorPart<'_> {
    #[inline(always)]
    fn activate<V: Vector>(self) {
        let (activation, columns) = (self.of.activation, self.out.len());
        let out = SharedMut::new(self.out);
        // SAFETY: one row of values that this task owns.
        unsafe { Activate { activation, out, out_stride: columns, rows: 1, columns }.run::<V>() };
    }
}

/// Contiguous columns: each output is a dot product.
struct Dots<'a>(VectorPart<'a>);

impl Kernel for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let part = self.0;
        let VectorProduct { vector, matrix, bias, accumulate, .. } = part.of;
        let (depth, count, stride) = (matrix.rows, part.out.len(), matrix.column_stride);
        let (vector, matrix) = (vector.values.as_ptr(), matrix.values.as_ptr());
        let mut store = |j: usize, sum: f32| {
            let old = if accumulate { part.out[j] } else { 0.0 };
            part.out[j] = old + sum + bias.at(j);
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
        part.activate::<V>();
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
struct SumOfRows<'a>(VectorPart<'a>);

impl Kernel for SumOfRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let part = self.0;
        let VectorProduct { vector, matrix, bias, accumulate, .. } = part.of;
        let count = part.out.len();
        let wide = WIDE * V::LANES;
        let strip = |out: &mut [f32], column: usize, columns: usize| Strip {
            depth: matrix.rows,
            vector: vector.values.as_ptr(),
            step: vector.column_stride,
            matrix: matrix.values[column..].as_ptr(),
            stride: matrix.row_stride,
            out: out[column..].as_mut_ptr(),
            columns,
            finish: Finish {
                accumulate,
                bias: match bias {
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
                strip(part.out, column, wide).run::<V, 1, WIDE>();
                column += wide;
            }
            if column + wide / 2 <= count {
                strip(part.out, column, wide / 2).run::<V, 1, { WIDE / 2 }>();
                column += wide / 2;
            }
            while column < count {
                let columns = panel_width::<V>().min(count - column);
                with_tile::<V, _>(1, columns, strip(part.out, column, columns));
                column += columns;
            }
        }
        if let Bias::Same(bias) = bias
            && bias != 0.0
        {
            part.out.iter_mut().for_each(|out| *out += bias);
        }
        part.activate::<V>();
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
