//! `y = x[start..end]` along an axis; `dx` is `dy` there and 0 elsewhere.

use std::ops::Range;

use glassbox_kernels::cpu::copy_box::{Corner, copy_box};

use super::Backward;
use super::words::{build_words, words};
use crate::graph::InputGradients;
use crate::shape::{MAX_RANK, Shape, resolve_axis};
use crate::tensor::Tensor;

/// Backward reads where the slice was.
pub(crate) struct Slice {
    input_shape: Shape,
    axis: usize,
    start: usize,
}

impl Tensor {
    /// The part `range` of an axis. Along the first axis (or where those before have length 1)
    /// values are shared, else copied.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]);
    /// assert_eq!(x.slice(0, 1..2).to_vec(), [4.0, 5.0, 6.0]);
    /// assert_eq!(x.slice(-1, 0..2).to_vec(), [1.0, 2.0, 4.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// When the axis or the range is out of range.
    #[track_caller]
    #[must_use]
    pub fn slice(&self, axis: isize, range: Range<usize>) -> Self {
        let axis = resolve_axis(axis, self.rank());
        assert!(
            range.start <= range.end && range.end <= self.dims()[axis],
            "slice {range:?} of axis {axis} of {}",
            self.shape()
        );
        let (input_shape, start) = (self.shape(), range.start);
        part(self, axis, range).recorded([self], |_| Slice { input_shape, axis, start }.into())
    }

    /// The parts of an axis, `length` long each; the last may be shorter.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let parts = Tensor::zeros([5, 2]).split(0, 2);
    /// assert_eq!(parts.iter().map(|part| part.dims()[0]).collect::<Vec<_>>(), [2, 2, 1]);
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range or `length` is 0.
    #[track_caller]
    #[must_use]
    pub fn split(&self, axis: isize, length: usize) -> Vec<Self> {
        let total = self.dims()[resolve_axis(axis, self.rank())];
        assert!(length > 0, "split into parts of length 0");
        let starts = (0..total).step_by(length);
        starts.map(|start| self.slice(axis, start..total.min(start + length))).collect()
    }
}

/// A slice outside the graph.
pub(super) fn part(x: &Tensor, axis: usize, range: Range<usize>) -> Tensor {
    let mut shape = x.shape();
    shape.dims_mut()[axis] = range.len();
    if x.dims()[..axis].iter().all(|&length| length == 1) {
        let inner: usize = x.dims()[axis + 1..].iter().product();
        return x.view(range.start * inner, shape);
    }
    let (zeros, mut start) = ([0; MAX_RANK], [0; MAX_RANK]);
    start[axis] = range.start;
    build_words(x.dtype(), shape, |out| {
        let from = Corner { dims: x.dims(), start: &start[..x.rank()] };
        let to = Corner { dims: shape.dims(), start: &zeros[..x.rank()] };
        copy_box(shape.dims(), words(x), from, out, to);
    })
}

impl Backward for Slice {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let mut start = [0; MAX_RANK];
        start[self.axis] = self.start;
        inputs.add(0, super::pad::placed(&output_grad, self.input_shape, &start, 0.0));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![
        Sample::new("first axis", [[6, 3]], |x| x[0].slice(0, 2..4)),
        Sample::new("last axis", [[3, 7]], |x| x[0].slice(-1, 1..6)),
        Sample::new("parts", [[2, 5, 3]], |x| {
            let parts = x[0].split(1, 2);
            Tensor::concat(&[&parts[2], &parts[0]], 1)
        }),
    ]
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn slices_of_the_first_axis_share_their_values() {
        let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], [4]);
        assert!(std::ptr::eq(&x.as_slice()[2], &x.slice(0, 2..4).as_slice()[0]));
        assert_eq!(x.slice(0, 4..4).elements(), 0);
        let labels = Tensor::from_i32(&[7, 8, 9], [1, 3]);
        assert_eq!(labels.slice(1, 1..3).as_i32(), [8, 9]);
    }

    #[test]
    #[should_panic(expected = "slice 2..5 of axis 1 of 3×4")]
    fn a_range_stays_inside() {
        let _ = Tensor::zeros([3, 4]).slice(1, 2..5);
    }
}
