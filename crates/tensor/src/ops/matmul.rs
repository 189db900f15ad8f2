//! `C = A · B` for matrices, batches of matrices and vectors.
//!
//! `dA = dC · Bᵀ`, `dB = Aᵀ · dC`, added up over the batch axes along which an operand was
//! stretched.

use glassbox_kernels::cpu::matmul::{Epilogue, Matrix, product};
use glassbox_kernels::threads::parallel_chunks;

use super::Backward;
use crate::graph::InputGradients;
use crate::shape::{MAX_RANK, Shape};
use crate::tensor::{Tensor, Values};

/// Backward reads each operand for the gradient of the other.
pub(crate) struct MatMul {
    left: Option<Values>,
    right: Option<Values>,
    left_shape: Shape,
    right_shape: Shape,
    transposed: [bool; 2],
}

/// A batch of products of `rows × depth` by `depth × columns` matrices.
#[derive(Clone, Copy)]
struct Problem {
    rows: usize,
    depth: usize,
    columns: usize,
    /// Whether each operand is stored with its last two axes exchanged.
    transposed: [bool; 2],
    axes: usize,
    /// Lengths of the batch axes, and how many matrices a step along each skips in the operands
    /// (none where stretched) and the result.
    lengths: [usize; MAX_RANK],
    skips: [[usize; MAX_RANK]; 3],
}

impl Tensor {
    /// The matrix product over the last two axes; leading axes are a batch and broadcast. A vector
    /// on the left is a row, on the right a column, and that axis is absent from the result.
    ///
    /// # Panics
    /// When the shapes do not fit each other, or an operand is a scalar.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let a = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], [2, 2]);
    /// let v = Tensor::from_slice(&[1.0, -1.0], [2]);
    /// assert_eq!(a.matmul(&v).as_slice(), [-1.0, -1.0]);
    /// assert_eq!(Tensor::zeros([5, 1, 2, 3]).matmul(&Tensor::zeros([4, 3, 7])).dims(), [5, 4, 2, 7]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn matmul(&self, right: &Self) -> Self {
        self.matmul_transposed(right, false, false)
    }

    /// As [`Tensor::matmul`], with the last two axes of either operand exchanged first, at no
    /// cost. A vector has nothing to exchange.
    ///
    /// # Panics
    /// When the shapes do not fit each other, or an operand is a scalar.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let (a, b) = (Tensor::ones([3, 2]), Tensor::ones([4, 3]));
    /// assert_eq!(a.matmul_transposed(&b, true, true).dims(), [2, 4]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn matmul_transposed(
        &self,
        right: &Self,
        transpose_left: bool,
        transpose_right: bool,
    ) -> Self {
        let (left_shape, right_shape) = (self.shape(), right.shape());
        let transposed = [transpose_left, transpose_right];
        let planned = Problem::new(left_shape, right_shape, transposed);
        let Some((problem, shape)) = planned else {
            panic!(
                "matmul of {left_shape}{} with {right_shape}{}",
                if transpose_left { " transposed" } else { "" },
                if transpose_right { " transposed" } else { "" },
            )
        };
        let (a, b) = (self.as_slice(), right.as_slice());
        let output = Self::build(shape, |out| problem.forward(a, b, out));
        output.recorded([self, right], |[wants_left, wants_right]| {
            MatMul {
                left: wants_right.then(|| self.values()),
                right: wants_left.then(|| right.values()),
                left_shape,
                right_shape,
                transposed,
            }
            .into()
        })
    }
}

impl Problem {
    /// The problem and the shape of its result; `None` where the shapes do not fit.
    fn new(left: Shape, right: Shape, transposed: [bool; 2]) -> Option<(Self, Shape)> {
        let transposed = [transposed[0] && left.rank() > 1, transposed[1] && right.rank() > 1];
        let ([rows, depth], left_batch) = split(left, transposed[0], true)?;
        let ([right_depth, columns], right_batch) = split(right, transposed[1], false)?;
        let batch = left_batch.broadcast(&right_batch)?;
        if depth != right_depth {
            return None;
        }
        let mut dims = smallvec::SmallVec::<[usize; MAX_RANK + 2]>::from_slice(&batch);
        dims.extend((left.rank() > 1).then_some(rows));
        dims.extend((right.rank() > 1).then_some(columns));
        let shape = (dims.len() <= MAX_RANK).then(|| Shape::new(&dims))?;
        let skips = [&left_batch, &right_batch, &batch].map(|shape| skips(shape, &batch));
        let mut lengths = [1; MAX_RANK];
        lengths[..batch.rank()].copy_from_slice(&batch);
        let axes = batch.rank();
        let mut problem = Self { rows, depth, columns, transposed, axes, lengths, skips };
        if right_batch.elements() == 1 && !transposed[0] {
            // One right operand for all: the batch is more rows of one product.
            (problem.rows, problem.axes) = (rows * batch.elements(), 0);
        }
        Some((problem, shape))
    }

    fn left<'a>(&self, values: &'a [f32], index: usize) -> Matrix<'a> {
        matrix(values, index, self.rows, self.depth, self.transposed[0])
    }

    fn right<'a>(&self, values: &'a [f32], index: usize) -> Matrix<'a> {
        matrix(values, index, self.depth, self.columns, self.transposed[1])
    }

    fn forward(&self, left: &[f32], right: &[f32], out: &mut [f32]) {
        self.each(2, self.rows * self.columns, out, |[a, b, _], epilogue, out| {
            product(self.left(left, a), self.right(right, b), epilogue, out);
        });
    }

    fn left_grad(&self, right: &[f32], output_grad: &[f32], out: &mut [f32]) {
        self.each(0, self.rows * self.depth, out, |[_, b, c], epilogue, out| {
            let right = self.right(right, b);
            let output_grad = matrix(output_grad, c, self.rows, self.columns, false);
            if self.transposed[0] {
                product(right, output_grad.transposed(), epilogue, out);
            } else {
                product(output_grad, right.transposed(), epilogue, out);
            }
        });
    }

    fn right_grad(&self, left: &[f32], output_grad: &[f32], out: &mut [f32]) {
        self.each(1, self.depth * self.columns, out, |[a, _, c], epilogue, out| {
            let left = self.left(left, a);
            let output_grad = matrix(output_grad, c, self.rows, self.columns, false);
            if self.transposed[1] {
                product(output_grad.transposed(), left, epilogue, out);
            } else {
                product(left.transposed(), output_grad, epilogue, out);
            }
        });
    }

    /// Calls `task` with the matrix numbers (left, right, result) of every product of the batch
    /// and the matrix of `out`, which belongs to operand `target`, that it adds to: in parallel
    /// over matrices of `out`, in order over the products that share one.
    fn each(
        &self,
        target: usize,
        size: usize,
        out: &mut [f32],
        task: impl Fn([usize; 3], Epilogue<'_>, &mut [f32]) + Sync,
    ) {
        let is_kept = |axis: usize| self.skips[target][axis] > 0 || self.lengths[axis] == 1;
        let count = |kept: bool| -> usize {
            (0..self.axes).filter(|&axis| is_kept(axis) == kept).map(|a| self.lengths[a]).product()
        };
        let (targets, terms) = (count(true), count(false));
        assert_eq!(targets * size, out.len(), "one result for each place along the kept axes");
        // The matrix numbers at place `index` along the axes that are kept, or those that are not.
        let numbers = |mut index: usize, kept: bool| {
            let mut numbers = [0; 3];
            for axis in (0..self.axes).rev().filter(|&axis| is_kept(axis) == kept) {
                let at = index % self.lengths[axis];
                index /= self.lengths[axis];
                for (number, skips) in numbers.iter_mut().zip(&self.skips) {
                    *number += at * skips[axis];
                }
            }
            numbers
        };
        if out.is_empty() {
            return;
        }
        let run = |index: usize, out: &mut [f32]| {
            let base = numbers(index, true);
            debug_assert_eq!(base[target], index, "the kept axes are those of the target");
            if terms == 0 {
                out.fill(0.0);
            }
            for term in 0..terms {
                let more = numbers(term, false);
                let epilogue = Epilogue { accumulate: term > 0, ..Epilogue::default() };
                task(std::array::from_fn(|i| base[i] + more[i]), epilogue, out);
            }
        };
        // Large products use all threads themselves.
        let work = terms * self.rows * self.columns * self.depth / 48;
        if work > 200_000 {
            out.chunks_exact_mut(size).enumerate().for_each(|(index, out)| run(index, out));
        } else {
            parallel_chunks(out, size, targets * work, |start, out| run(start / size, out));
        }
    }
}

/// Rows and columns of an operand, and its batch axes.
fn split(shape: Shape, transposed: bool, is_left: bool) -> Option<([usize; 2], Shape)> {
    let dims = shape.dims();
    match *dims {
        [] => None,
        [length] => Some((if is_left { [1, length] } else { [length, 1] }, Shape::new(&[]))),
        [.., a, b] => {
            let size = if transposed { [b, a] } else { [a, b] };
            Some((size, Shape::new(&dims[..dims.len() - 2])))
        }
    }
}

/// How many matrices of a batch of shape `own` a step along each axis of `batch` skips.
fn skips(own: &Shape, batch: &Shape) -> [usize; MAX_RANK] {
    let mut skips = [0; MAX_RANK];
    let (offset, mut skip) = (batch.rank() - own.rank(), 1);
    for (axis, &length) in own.iter().enumerate().rev() {
        if length != 1 {
            skips[offset + axis] = skip;
        }
        skip *= length;
    }
    skips
}

/// Matrix `index` of a batch, as it enters the product.
fn matrix(
    values: &[f32],
    index: usize,
    rows: usize,
    columns: usize,
    transposed: bool,
) -> Matrix<'_> {
    let values = &values[index * rows * columns..][..rows * columns];
    if transposed {
        Matrix::new(values, columns, rows).transposed()
    } else {
        Matrix::new(values, rows, columns)
    }
}

impl Backward for MatMul {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let Self { left_shape, right_shape, transposed, .. } = self;
        let planned = Problem::new(left_shape, right_shape, transposed);
        let (problem, _) = planned.expect("possible on the way forward");
        let dy = output_grad.as_slice();
        if let Some(right) = &self.right {
            let right = right.f32s();
            let grad = Tensor::build(left_shape, |out| problem.left_grad(right, dy, out));
            inputs.add(0, grad);
        }
        if let Some(left) = &self.left {
            let left = left.f32s();
            let grad = Tensor::build(right_shape, |out| problem.right_grad(left, dy, out));
            inputs.add(1, grad);
        }
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    let product = |x: &[Tensor]| x[0].matmul(&x[1]);
    let flags =
        |left: bool, right: bool| move |x: &[Tensor]| x[0].matmul_transposed(&x[1], left, right);
    vec![
        Sample::new("matrices", [[4, 5], [5, 3]], product),
        Sample::new("left transposed", [[5, 4], [5, 3]], flags(true, false)),
        Sample::new("right transposed", [[4, 5], [3, 5]], flags(false, true)),
        Sample::new("both transposed", [[5, 4], [3, 5]], flags(true, true)),
        Sample::new("dot", [[5], [5]], product),
        Sample::new("vector left", [vec![5], vec![2, 5, 3]], product),
        Sample::new("vector right", [vec![2, 4, 5], vec![5]], product),
        Sample::new("batch", [[2, 4, 5], [2, 5, 3]], product),
        Sample::new("one right for all", [vec![2, 3, 4, 5], vec![5, 3]], product),
        Sample::new("one left for all", [vec![4, 5], vec![2, 3, 5, 3]], product),
        Sample::new("stretched", [vec![2, 1, 4, 5], vec![1, 3, 5, 2]], flags(false, false)),
        Sample::new("stretched, transposed", [vec![2, 1, 5, 4], vec![3, 2, 5]], flags(true, true)),
        Sample::new("large", [[2, 70, 300], [2, 300, 90]], product),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_axes() {
        let zeros = Tensor::zeros([3, 0]).matmul(&Tensor::zeros([0, 2]));
        assert_eq!((zeros.dims(), zeros.as_slice()), (&[3, 2][..], &[0.0; 6][..]));
        assert_eq!(Tensor::zeros([0, 3, 4]).matmul(&Tensor::zeros([4, 2])).dims(), [0, 3, 2]);
        assert_eq!(Tensor::zeros([2, 3, 4]).matmul(&Tensor::zeros([2, 4, 0])).dims(), [2, 3, 0]);
        let left = Tensor::ones([4, 5]).with_grad();
        let product = left.matmul(&Tensor::ones([0, 5, 3]));
        let mut gradients = crate::Gradients::default();
        product.backward_from(Tensor::zeros([0, 4, 3]), &mut gradients);
        assert!(gradients.get(&left).unwrap().as_slice().iter().all(|&g| g == 0.0));
    }

    #[test]
    #[should_panic(expected = "matmul of 2×3 with 4×5")]
    fn shapes_that_do_not_fit() {
        let _ = Tensor::zeros([2, 3]).matmul(&Tensor::zeros([4, 5]));
    }

    #[test]
    fn every_place_of_a_stretched_batch() {
        let left = Tensor::from_slice(&[1.0, 2.0, 3.0], [3, 1, 1, 1]);
        let right = Tensor::from_slice(&[10.0, 20.0], [2, 1, 1]);
        let product = left.matmul(&right);
        assert_eq!(product.dims(), [3, 2, 1, 1]);
        assert_eq!(product.as_slice(), [10.0, 20.0, 20.0, 40.0, 30.0, 60.0]);
    }
}
