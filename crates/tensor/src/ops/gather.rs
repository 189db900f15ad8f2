//! `y[i, j, k] = x[i, index[i, j, k], k]` (for axis 1); `dx[i, index[i, j, k], k] += dy[i, j, k]`,
//! added in the order of the output's elements.

use super::Backward;
use super::words::{build_words, words};
use crate::graph::InputGradients;
use crate::shape::{MAX_RANK, Shape, resolve_axis};
use crate::tensor::Tensor;

/// Backward reads which elements were taken.
pub(crate) struct Gather {
    input_shape: Shape,
    axis: usize,
    index: Tensor,
}

impl Tensor {
    /// One element of an axis for each element of `index` (integers, as many axes as `self`, and
    /// no longer on the others).
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], [2, 2]);
    /// let index = Tensor::from_i32(&[1, 0], [2, 1]);
    /// assert_eq!(x.gather(-1, &index).to_vec(), [2.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// When the axis or an index is out of range, the shapes do not fit, or `index` does not hold
    /// integers.
    #[track_caller]
    #[must_use]
    pub fn gather(&self, axis: isize, index: &Self) -> Self {
        let axis = resolve_axis(axis, self.rank());
        let input_shape = self.shape();
        let fits = index.rank() == self.rank()
            && (0..self.rank()).all(|a| a == axis || index.dims()[a] <= input_shape[a]);
        assert!(fits, "gather along axis {axis} of {input_shape} with an index {}", index.shape());
        let length = input_shape[axis];
        if let Some(place) = index.as_i32().iter().find(|&&place| place as usize >= length) {
            panic!("index {place} is out of range for axis {axis} of {input_shape}");
        }
        let y = build_words(self.dtype(), index.shape(), |out| {
            let source = words(self);
            each(input_shape, axis, index, |at, from| out[at] = source[from]);
        });
        let index = index.detach();
        y.recorded([self], |_| Gather { input_shape, axis, index }.into())
    }
}

/// Calls `f(place in the output, place in the input)` for every element of `index`.
fn each(input: Shape, axis: usize, index: &Tensor, mut f: impl FnMut(usize, usize)) {
    let rank = input.rank();
    let mut strides = [1; MAX_RANK];
    for a in (1..rank).rev() {
        strides[a - 1] = strides[a] * input[a];
    }
    let mut at = [0; MAX_RANK];
    for (flat, &place) in index.as_i32().iter().enumerate() {
        let others = (0..rank).filter(|&a| a != axis).map(|a| at[a] * strides[a]);
        f(flat, others.sum::<usize>() + place as usize * strides[axis]);
        for a in (0..rank).rev() {
            at[a] += 1;
            if at[a] < index.dims()[a] {
                break;
            }
            at[a] = 0;
        }
    }
}

impl Backward for Gather {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let terms = output_grad.as_slice();
        let gradient = Tensor::build(self.input_shape, |out| {
            out.fill(0.0);
            each(self.input_shape, self.axis, &self.index, |at, to| out[to] += terms[at]);
        });
        inputs.add(0, gradient);
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    let index = Tensor::from_i32(&[2, 0, 0, 1, 1, 1], [2, 3]);
    let more = Tensor::from_i32(&[1, 0, 0, 1, 1, 1, 0, 1], [2, 2, 2]);
    vec![
        Sample::new("last axis", [[3, 4]], move |x| x[0].gather(-1, &index)),
        Sample::new("middle axis", [[2, 3, 2]], move |x| x[0].gather(1, &more)),
    ]
}
