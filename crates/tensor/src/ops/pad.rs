//! `y = x` with `value` around it; `dx` is the inner part of `dy`.

use glassbox_kernels::cpu::copy_box::{Corner, copy_box};

use super::Backward;
use super::words::{build_words, words};
use crate::graph::InputGradients;
use crate::shape::{MAX_RANK, Shape};
use crate::tensor::{DType, Tensor};

/// Backward reads where the input lies in the output.
pub(crate) struct Pad {
    input_shape: Shape,
    before: [isize; MAX_RANK],
}

impl Tensor {
    /// Adds `padding[axis] = (before, after)` elements of `value` to each axis; negative numbers
    /// take elements away.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::ones([2, 2]);
    /// assert_eq!(x.pad(&[(0, 0), (1, 0)], 7.0).to_vec(), [7.0, 1.0, 1.0, 7.0, 1.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// When there is not one pair an axis, or more is taken from an axis than it has.
    #[track_caller]
    #[must_use]
    pub fn pad(&self, padding: &[(isize, isize)], value: f32) -> Self {
        let input_shape = self.shape();
        assert!(
            padding.len() == self.rank(),
            "{} pairs of padding for the axes of {input_shape}",
            padding.len()
        );
        let (mut shape, mut before) = (input_shape, [0; MAX_RANK]);
        for (axis, &(first, last)) in padding.iter().enumerate() {
            let length = shape[axis].checked_add_signed(first);
            let length = length.and_then(|length| length.checked_add_signed(last));
            let Some(length) = length else {
                panic!("padding ({first}, {last}) of axis {axis} of {input_shape}");
            };
            shape.dims_mut()[axis] = length;
            before[axis] = first;
        }
        moved(self, shape, &before, value).recorded([self], |_| Pad { input_shape, before }.into())
    }
}

/// `x` in a tensor of another shape, from `before` on each axis, clipped where it does not fit;
/// `value` elsewhere. Outside the graph.
fn moved(x: &Tensor, shape: Shape, before: &[isize; MAX_RANK], value: f32) -> Tensor {
    let rank = x.rank();
    let (mut from, mut to, mut lengths) = ([0; MAX_RANK], [0; MAX_RANK], [0; MAX_RANK]);
    for axis in 0..rank {
        from[axis] = (-before[axis]).max(0) as usize;
        to[axis] = before[axis].max(0) as usize;
        let (left, room) =
            (x.dims()[axis].saturating_sub(from[axis]), shape[axis].saturating_sub(to[axis]));
        lengths[axis] = left.min(room);
        (from[axis], to[axis]) = (from[axis].min(x.dims()[axis]), to[axis].min(shape[axis]));
    }
    let word = match x.dtype() {
        DType::F32 => value.to_bits(),
        DType::I32 => (value as i32) as u32,
    };
    build_words(x.dtype(), shape, |out| {
        if lengths[..rank] != shape.dims()[..] {
            out.fill(word);
        }
        let from = Corner { dims: x.dims(), start: &from[..rank] };
        let to = Corner { dims: shape.dims(), start: &to[..rank] };
        copy_box(&lengths[..rank], words(x), from, out, to);
    })
}

/// `x` in a larger tensor, from `start` on each axis; `value` elsewhere. Outside the graph.
pub(super) fn placed(x: &Tensor, shape: Shape, start: &[usize; MAX_RANK], value: f32) -> Tensor {
    moved(x, shape, &start.map(|start| start as isize), value)
}

impl Backward for Pad {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        inputs.add(0, moved(&output_grad, self.input_shape, &self.before.map(|b| -b), 0.0));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![
        Sample::new("image", [[2, 3, 4, 2]], |x| x[0].pad(&[(0, 0), (1, 2), (2, 1), (0, 0)], 0.5)),
        Sample::new("crop", [[4, 5]], |x| x[0].pad(&[(-1, -1), (2, -3)], 1.0)),
        Sample::new("sequence", [[2, 300]], |x| x[0].pad(&[(1, 0), (0, 7)], 0.0)),
    ]
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn integers_and_crops() {
        let x = Tensor::from_i32(&[1, 2, 3], [3]);
        assert_eq!(x.pad(&[(-1, 2)], -1.0).as_i32(), [2, 3, -1, -1]);
        assert_eq!(x.pad(&[(-3, 1)], 5.0).as_i32(), [5]);
        assert_eq!(x.pad(&[(2, -4)], 5.0).as_i32(), [5]);
    }

    #[test]
    #[should_panic(expected = "padding (-3, -1) of axis 0 of 3")]
    fn no_more_can_be_taken_than_there_is() {
        let _ = Tensor::zeros([3]).pad(&[(-3, -1)], 0.0);
    }
}
