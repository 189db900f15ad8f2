//! Back through an activation that was fused into the operation before it.

use super::isa::{Kernel, dispatch};
use super::vector::Vector;
use crate::ops::activation::Activation;
use crate::threads::parallel_chunks;

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
}
