//! Neighbouring axes merged into one: recorded as a change of shape.

use crate::shape::{MAX_RANK, Shape, resolve_axis};
use crate::tensor::Tensor;

impl Tensor {
    /// Merges the axes from `first` to `last`, both included.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// assert_eq!(Tensor::zeros([2, 8, 8, 3]).flatten(1, -1).dims(), [2, 192]);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range or `last` lies before `first`.
    #[track_caller]
    #[must_use]
    pub fn flatten(&self, first: isize, last: isize) -> Self {
        let (first, last) = (resolve_axis(first, self.rank()), resolve_axis(last, self.rank()));
        assert!(first <= last, "flatten of axes {first} to {last} of {}", self.shape());
        let mut dims = [0; MAX_RANK];
        dims[..first].copy_from_slice(&self.dims()[..first]);
        dims[first] = self.dims()[first..=last].iter().product();
        dims[first + 1..self.rank() - (last - first)].copy_from_slice(&self.dims()[last + 1..]);
        self.reshape(Shape::new(&dims[..self.rank() - (last - first)]))
    }
}
