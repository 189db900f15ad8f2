//! `y = x` under another shape; the derivative passes through unchanged.

use super::Backward;
use crate::graph::InputGradients;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Backward reads the input's shape alone.
pub(crate) struct Reshape {
    input_shape: Shape,
}

impl Tensor {
    /// The same values, row-major, under another shape. They are shared, not copied.
    ///
    /// # Panics
    /// When the numbers of elements differ.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// assert_eq!(Tensor::zeros([2, 6]).reshape([3, 4]).dims(), [3, 4]);
    /// ```
    #[track_caller]
    #[must_use]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        assert!(
            self.elements() == shape.elements(),
            "reshape: {} has {} values, {shape} has room for {}",
            self.shape(),
            self.elements(),
            shape.elements()
        );
        let input_shape = self.shape();
        self.view(0, shape).recorded([self], |_| Reshape { input_shape }.into())
    }
}

impl Backward for Reshape {
    fn backward(self, output_grad: Tensor, inputs: &mut InputGradients) {
        inputs.add(0, output_grad.view(0, self.input_shape));
    }
}

#[cfg(test)]
pub(super) fn samples() -> Vec<super::check::Sample> {
    use super::check::Sample;
    vec![Sample::new("2×6 to 3×4", [[2, 6]], |x| x[0].reshape([3, 4]))]
}
