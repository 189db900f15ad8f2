//! `y = x` repeated along axes of length 1 (NumPy's rule); `dx` is the sum of `dy` over them.

use super::Backward;
use super::words::{build_words, words};
use crate::graph::InputGradients;
use crate::shape::{Axes, MAX_RANK, Shape};
use crate::tensor::Tensor;

/// Backward reads the input's shape.
pub(crate) struct BroadcastTo {
    input_shape: Shape,
}

impl Tensor {
    /// Repeats the values along new leading axes and those of length 1, to `shape`.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 2.0], [2, 1]);
    /// assert_eq!(x.broadcast_to([2, 3]).to_vec(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// When `shape` is not what this tensor broadcasts to.
    #[track_caller]
    #[must_use]
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Self {
        let (shape, input_shape) = (shape.into(), self.shape());
        assert!(
            input_shape.broadcast(&shape) == Some(shape),
            "{input_shape} does not broadcast to {shape}"
        );
        let y = if input_shape.elements() == shape.elements() {
            self.view(0, shape)
        } else {
            repeated(self, shape)
        };
        y.recorded([self], |_| BroadcastTo { input_shape }.into())
    }

    /// The sum over the axes along which `shape` broadcasts to this tensor's: the gradient of what
    /// was broadcast. Outside the graph.
    pub(crate) fn sum_to(&self, shape: Shape) -> Self {
        let new = self.rank() - shape.rank();
        let longer = |axis: usize| axis < new || shape[axis - new] != self.dims()[axis];
        let mut axes = [0isize; MAX_RANK];
        let mut count = 0;
        for axis in (0..self.rank()).filter(|&axis| longer(axis)) {
            axes[count] = axis as isize;
            count += 1;
        }
        if count == 0 {
            return self.detach();
        }
        self.detach().sum_keep_dims(Axes::from(&axes[..count])).view(0, shape)
    }
}

fn repeated(x: &Tensor, shape: Shape) -> Tensor {
    let new = shape.rank() - x.rank();
    let mut strides = [0; MAX_RANK];
    let mut stride = 1;
    for (axis, &length) in x.dims().iter().enumerate().rev() {
        strides[axis + new] = if length == 1 { 0 } else { stride };
        stride *= length;
    }
    // A run is either contiguous in the source or one value.
    let (mut outer, mut run) = (shape.rank(), 1);
    let constant = outer > 0 && strides[outer - 1] == 0;
    while outer > 0 {
        let stride = strides[outer - 1];
        if shape[outer - 1] != 1 && stride != if constant { 0 } else { run } {
            break;
        }
        run *= shape[outer - 1];
        outer -= 1;
    }
    build_words(x.dtype(), shape, |out| {
        let source = words(x);
        for (index, out) in out.chunks_exact_mut(run.max(1)).enumerate() {
            let (mut left, mut from) = (index, 0);
            for axis in (0..outer).rev() {
                from += left % shape[axis] * strides[axis];
                left /= shape[axis];
            }
            if constant {
                out.fill(source[from]);
            } else {
                out.copy_from_slice(&source[from..from + run]);
            }
        }
    })
}

impl Backward for BroadcastTo {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        inputs.add(0, output_grad.sum_to(self.input_shape));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![
        Sample::new("rows", [[3]], |x| x[0].broadcast_to([4, 3])),
        Sample::new("columns", [[4, 1]], |x| x[0].broadcast_to([4, 3])),
        Sample::new("scattered", [[2, 1, 3, 1]], |x| x[0].broadcast_to([5, 2, 4, 3, 6])),
        Sample::new("only new axes", [[2, 3]], |x| x[0].broadcast_to([1, 2, 3])),
        Sample::new("scalar", [[]], |x| x[0].broadcast_to([7])),
    ]
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn integers_and_nothing() {
        let x = Tensor::from_i32(&[1, 2], [1, 2, 1]);
        assert_eq!(x.broadcast_to([2, 2, 2]).as_i32(), [1, 1, 2, 2, 1, 1, 2, 2]);
        assert_eq!(x.broadcast_to([0, 2, 3]).elements(), 0);
    }

    #[test]
    #[should_panic(expected = "2×3 does not broadcast to 3")]
    fn it_never_shrinks() {
        let _ = Tensor::zeros([2, 3]).broadcast_to([3]);
    }
}
