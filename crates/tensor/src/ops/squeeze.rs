//! Axes of length 1 taken away or put in: recorded as a change of shape.

use crate::shape::{MAX_RANK, Shape, resolve_axis};
use crate::tensor::Tensor;

impl Tensor {
    /// Takes away an axis of length 1.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// assert_eq!(Tensor::zeros([2, 1, 3]).squeeze(1).dims(), [2, 3]);
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range or longer.
    #[track_caller]
    #[must_use]
    pub fn squeeze(&self, axis: isize) -> Self {
        let axis = resolve_axis(axis, self.rank());
        assert!(self.dims()[axis] == 1, "squeeze of axis {axis} of {}", self.shape());
        let mut dims = [0; MAX_RANK];
        dims[..axis].copy_from_slice(&self.dims()[..axis]);
        dims[axis..self.rank() - 1].copy_from_slice(&self.dims()[axis + 1..]);
        self.reshape(Shape::new(&dims[..self.rank() - 1]))
    }

    /// Puts in an axis of length 1, at place `axis` of the result.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// assert_eq!(Tensor::zeros([2, 3]).unsqueeze(0).dims(), [1, 2, 3]);
    /// assert_eq!(Tensor::zeros([2, 3]).unsqueeze(-1).dims(), [2, 3, 1]);
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range or there are too many.
    #[track_caller]
    #[must_use]
    pub fn unsqueeze(&self, axis: isize) -> Self {
        let axis = resolve_axis(axis, self.rank() + 1);
        let mut dims = [1; MAX_RANK + 1];
        dims[..axis].copy_from_slice(&self.dims()[..axis]);
        dims[axis + 1..=self.rank()].copy_from_slice(&self.dims()[axis..]);
        self.reshape(Shape::new(&dims[..=self.rank()]))
    }
}
