//! Back through an activation that was fused into the operation before it.

use super::isa::{Kernel, dispatch};
use super::vector::Vector;
use crate::ops::activation::Activation;
use crate::storage::Storage;
use crate::threads::{SharedMut, parallel_chunks};

/// Elements a task: both arrays stay in the first caches.
const CHUNK: usize = 8192;

/// `grad *= activation'`, from the activation's output.
///
/// # Panics
/// When the lengths differ.
pub(crate) fn activation_grad(activation: Activation, output: &[f32], grad: &mut [f32]) {
    assert_eq!(output.len(), grad.len(), "lengths of an output and its gradient");
    let work = grad.len() / 4;
    parallel_chunks(grad, CHUNK, work, |start, grad| {
        let output = &output[start..start + grad.len()];
        dispatch(Chunk { activation, output, grad });
    });
}

struct Chunk<'a> {
    activation: Activation,
    output: &'a [f32],
    grad: &'a mut [f32],
}

impl Kernel for Chunk<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let mut outputs = self.output.chunks_exact(V::LANES);
        let mut grads = self.grad.chunks_exact_mut(V::LANES);
        for (output, grad) in outputs.by_ref().zip(grads.by_ref()) {
            // SAFETY: both have one vector of values.
            unsafe {
                let slope = self.activation.derivative_from_output(V::load(output.as_ptr()));
                V::load(grad.as_ptr()).mul(slope).store(grad.as_mut_ptr());
            }
        }
        let (output, grad) = (outputs.remainder(), grads.into_remainder());
        if !grad.is_empty() {
            // SAFETY: both have `grad.len()` values, less than a vector.
            unsafe {
                let output = V::load_part(output.as_ptr(), grad.len());
                let slope = self.activation.derivative_from_output(output);
                let product = V::load_part(grad.as_ptr(), grad.len()).mul(slope);
                product.store_part(grad.as_mut_ptr(), grad.len());
            }
        }
    }
}

/// Column vectors that are summed together, and how many there may be at most in a partial sum
/// for a chunk of rows.
const VECTORS: usize = 4;
/// Values of a chunk of rows, and the most chunks.
const BIAS_CHUNK: usize = 1 << 15;
const MAX_CHUNKS: usize = 64;

/// As [`activation_grad`], and `bias_grad[j]` becomes the sum of the resulting column `j` of
/// `grad`, a matrix with as many columns as `bias_grad` has values.
///
/// # Panics
/// When the lengths differ or are not whole rows.
pub(crate) fn activation_and_bias_grad(
    activation: Activation,
    output: &[f32],
    grad: &mut [f32],
    bias_grad: &mut [f32],
) {
    let columns = bias_grad.len();
    assert_eq!(output.len(), grad.len(), "lengths of an output and its gradient");
    assert_eq!(grad.len() % columns.max(1), 0, "a gradient has whole rows");
    bias_grad.fill(0.0);
    if grad.is_empty() {
        return;
    }
    let rows = grad.len() / columns;
    let chunk = rows.div_ceil(MAX_CHUNKS).max(BIAS_CHUNK / columns).max(1);
    let mut partials = Storage::new(rows.div_ceil(chunk) * columns);
    let partials = partials.unique_f32s().expect("a new buffer is not shared");
    let shared = SharedMut::new(partials);
    let work = grad.len() / 3;
    parallel_chunks(grad, chunk * columns, work, |start, grad| {
        let output = &output[start..start + grad.len()];
        // SAFETY: each chunk has sums of its own, within `partials`.
        let sums = unsafe { shared.slice(start / chunk, columns) };
        dispatch(BiasChunk { activation, output, grad, sums });
    });
    for sums in partials.chunks_exact(columns).take(rows.div_ceil(chunk)) {
        bias_grad.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
    }
}

struct BiasChunk<'a> {
    activation: Activation,
    output: &'a [f32],
    grad: &'a mut [f32],
    sums: &'a mut [f32],
}

impl Kernel for BiasChunk<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let columns = self.sums.len();
        let mut column = 0;
        while column < columns {
            let left = columns - column;
            if left >= VECTORS * V::LANES {
                self.columns::<V, VECTORS>(column, V::LANES);
                column += VECTORS * V::LANES;
            } else {
                let count = left.min(V::LANES);
                self.columns::<V, 1>(column, count);
                column += count;
            }
        }
    }
}

impl BiasChunk<'_> {
    /// `N` vectors of columns from `first` on, of which `count` lanes are used.
    #[inline(always)]
    fn columns<V: Vector, const N: usize>(&mut self, first: usize, count: usize) {
        let columns = self.sums.len();
        assert!(
            first + (N - 1) * V::LANES + count <= columns && self.output.len() >= self.grad.len()
        );
        let mut sums = [V::zero(); N];
        let mut at = first;
        for _ in 0..self.grad.len() / columns {
            for (j, sum) in sums.iter_mut().enumerate() {
                // SAFETY: these columns exist in each row of both matrices, see the assertion.
                unsafe {
                    let grad = self.grad.as_mut_ptr().add(at + j * V::LANES);
                    let output = self.output.as_ptr().add(at + j * V::LANES);
                    if count == V::LANES {
                        let slope = self.activation.derivative_from_output(V::load(output));
                        let product = V::load(grad).mul(slope);
                        product.store(grad);
                        *sum = sum.add(product);
                    } else {
                        let output = V::load_part(output, count);
                        let slope = self.activation.derivative_from_output(output);
                        let product = V::load_part(grad, count).mul(slope);
                        product.store_part(grad, count);
                        *sum = sum.add(product);
                    }
                }
            }
            at += columns;
        }
        for (j, sum) in sums.into_iter().enumerate() {
            let start = first + j * V::LANES;
            self.sums[start..start + count].copy_from_slice(&sum.to_array()[..count]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relu_passes_where_the_output_is_positive() {
        for length in [0, 1, 7, 8, 20_001] {
            let output: Vec<f32> = (0..length).map(|i| (i % 3) as f32).collect();
            let mut grad = vec![2.0; length];
            activation_grad(Activation::Relu, &output, &mut grad);
            let expected = output.iter().map(|&y| if y > 0.0 { 2.0 } else { 0.0 });
            assert!(grad.iter().copied().eq(expected));
        }
    }
    #[test]
    fn bias_gradients_are_the_column_sums() {
        for (rows, columns) in [(0, 3), (1, 1), (5, 7), (70, 8), (9000, 45), (100_000, 1), (3, 900)]
        {
            let output: Vec<f32> = (0..rows * columns).map(|i| (i % 5) as f32 - 1.0).collect();
            let mut grad: Vec<f32> = (0..rows * columns).map(|i| (i % 7) as f32).collect();
            let mut expected_grad = grad.clone();
            activation_grad(Activation::Relu, &output, &mut expected_grad);
            let mut expected = vec![0.0; columns];
            for (i, value) in expected_grad.iter().enumerate() {
                expected[i % columns] += value; // whole numbers: exact in any order
            }
            let mut bias_grad = vec![f32::NAN; columns];
            activation_and_bias_grad(Activation::Relu, &output, &mut grad, &mut bias_grad);
            assert!(grad == expected_grad && bias_grad == expected, "{rows}×{columns}");
        }
    }
}
