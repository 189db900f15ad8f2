//! `y = x0 | x1 | …`, joined along an axis; each `dx` is its part of `dy`.

use std::borrow::Borrow;

use glassbox_kernels::cpu::copy_box::{Corner, copy_box};
use smallvec::SmallVec;

use super::Backward;
use super::slice::part;
use super::words::{build_words, words};
use crate::graph::InputGradients;
use crate::shape::{MAX_RANK, resolve_axis};
use crate::tensor::Tensor;

/// Backward reads how long each part is.
pub(crate) struct Concat {
    axis: usize,
    lengths: SmallVec<[usize; 4]>,
}

impl Tensor {
    /// Tensors joined along an existing axis.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let (a, b) = (Tensor::zeros([2, 3]), Tensor::ones([2, 1]));
    /// assert_eq!(Tensor::concat(&[a, b], -1).dims(), [2, 4]);
    /// ```
    ///
    /// # Panics
    /// When there are none, or they differ in type or in another axis.
    #[track_caller]
    #[must_use]
    pub fn concat<T: Borrow<Self>>(tensors: &[T], axis: isize) -> Self {
        let tensors: SmallVec<[&Self; 8]> = tensors.iter().map(Borrow::borrow).collect();
        let Some(first) = tensors.first() else { panic!("concat of no tensors") };
        let axis = resolve_axis(axis, first.rank());
        let lengths: SmallVec<[usize; 4]> = tensors
            .iter()
            .map(|x| {
                let mut same = x.shape();
                if x.rank() == first.rank() {
                    same.dims_mut()[axis] = first.dims()[axis];
                }
                assert!(
                    same == first.shape() && x.dtype() == first.dtype(),
                    "concat along axis {axis} of {} and {}",
                    first.shape(),
                    x.shape()
                );
                x.dims()[axis]
            })
            .collect();
        let mut shape = first.shape();
        shape.dims_mut()[axis] = lengths.iter().sum();
        let y = build_words(first.dtype(), shape, |out| {
            let zeros = [0; MAX_RANK];
            let mut start = [0; MAX_RANK];
            for x in &tensors {
                let from = Corner { dims: x.dims(), start: &zeros[..x.rank()] };
                let to = Corner { dims: shape.dims(), start: &start[..x.rank()] };
                copy_box(x.dims(), words(x), from, out, to);
                start[axis] += x.dims()[axis];
            }
        });
        y.recorded_many(&tensors, || Concat { axis, lengths }.into())
    }

    /// Tensors of one shape joined along a new axis.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let (a, b) = (Tensor::zeros([3]), Tensor::ones([3]));
    /// assert_eq!(Tensor::stack(&[&a, &b], 0).dims(), [2, 3]);
    /// assert_eq!(Tensor::stack(&[&a, &b], -1).to_vec(), [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// When there are none, or they differ in type or shape.
    #[track_caller]
    #[must_use]
    pub fn stack<T: Borrow<Self>>(tensors: &[T], axis: isize) -> Self {
        let parts: SmallVec<[Self; 8]> =
            tensors.iter().map(|x| x.borrow().unsqueeze(axis)).collect();
        Self::concat(&parts, axis)
    }
}

impl Backward for Concat {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let mut start = 0;
        for (index, length) in self.lengths.into_iter().enumerate() {
            if inputs.wants(index) {
                inputs.add(index, part(&output_grad, self.axis, start..start + length));
            }
            start += length;
        }
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![
        Sample::new("first axis", [[2, 3], [4, 3]], |x| Tensor::concat(x, 0)),
        Sample::new("last axis", [[2, 3], [2, 1], [2, 5]], |x| Tensor::concat(x, -1)),
        Sample::new("channels", [[2, 4, 4, 3], [2, 4, 4, 8]], |x| Tensor::concat(x, 3)),
        Sample::new("stack", [[2, 3], [2, 3]], |x| Tensor::stack(x, 1)),
    ]
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn integers_and_empty_parts() {
        let (a, b) = (Tensor::from_i32(&[1, 2], [2]), Tensor::from_i32(&[], [0]));
        assert_eq!(Tensor::concat(&[&a, &b, &a], 0).as_i32(), [1, 2, 1, 2]);
    }

    #[test]
    #[should_panic(expected = "concat along axis 0 of 2×3 and 2×4")]
    fn other_axes_must_agree() {
        let _ = Tensor::concat(&[Tensor::zeros([2, 3]), Tensor::zeros([2, 4])], 0);
    }
}
