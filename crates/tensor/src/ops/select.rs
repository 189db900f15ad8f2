//! `y = yes` where a condition holds, else `no`; each gets `dy` where it was chosen, else 0.

use super::Backward;
use crate::graph::InputGradients;
use crate::shape::Shape;
use crate::tensor::{DType, Tensor};

/// Backward reads the condition.
pub(crate) struct Select {
    condition: Tensor,
}

impl Tensor {
    /// Where this tensor is not 0 the elements of `yes`, elsewhere those of `no`. The three
    /// broadcast against each other.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let (yes, no) = (Tensor::from_slice(&[1.0, 2.0, 3.0], [3]), Tensor::scalar(0.0));
    /// let condition = Tensor::from_i32(&[1, 0, 1], [3]);
    /// assert_eq!(condition.select(&yes, &no).to_vec(), [1.0, 0.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[track_caller]
    #[must_use]
    pub fn select(&self, yes: &Self, no: &Self) -> Self {
        let shape = yes.shape().broadcast(&no.shape()).and_then(|s| s.broadcast(&self.shape()));
        let Some(shape) = shape else {
            panic!("select by {} from {} and {}", self.shape(), yes.shape(), no.shape());
        };
        let to_shape =
            |x: &Self| if x.shape() == shape { x.clone() } else { x.broadcast_to(shape) };
        let (condition, yes, no) = (to_shape(&self.detach()), to_shape(yes), to_shape(no));
        chosen(&condition, shape, |i| yes.as_slice()[i], |i| no.as_slice()[i])
            .recorded([&yes, &no], |_| Select { condition }.into())
    }
}

fn chosen(
    condition: &Tensor,
    shape: Shape,
    yes: impl Fn(usize) -> f32,
    no: impl Fn(usize) -> f32,
) -> Tensor {
    let pick = |i: usize, holds: bool| if holds { yes(i) } else { no(i) };
    Tensor::build(shape, |out| match condition.dtype() {
        DType::F32 => {
            let each = out.iter_mut().zip(condition.as_slice()).enumerate();
            each.for_each(|(i, (out, &c))| *out = pick(i, c != 0.0));
        }
        DType::I32 => {
            let each = out.iter_mut().zip(condition.as_i32()).enumerate();
            each.for_each(|(i, (out, &c))| *out = pick(i, c != 0));
        }
    })
}

impl Backward for Select {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        let (gradient, shape) = (output_grad.as_slice(), output_grad.shape());
        if inputs.wants(0) {
            inputs.add(0, chosen(&self.condition, shape, |i| gradient[i], |_| 0.0));
        }
        if inputs.wants(1) {
            inputs.add(1, chosen(&self.condition, shape, |_| 0.0, |i| gradient[i]));
        }
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    let condition = Tensor::from_i32(&[1, 0, 0, 1, 1, 0], [2, 3]);
    let same = condition.clone();
    vec![
        Sample::new("one shape", [[2, 3], [2, 3]], move |x| same.select(&x[0], &x[1])),
        Sample::new("broadcast", [[3], [1]], move |x| condition.select(&x[0], &x[1])),
    ]
}
