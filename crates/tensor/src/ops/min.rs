//! `y = min(x)` over some axes: recorded as the maximum is, whose backward pass fits both.

use super::max::extreme;
use super::reduction::reduction_methods;
use crate::shape::Axes;
use crate::tensor::Tensor;

#[track_caller]
fn min(x: &Tensor, axes: Axes, keep: bool) -> Tensor {
    extreme::<false>(x, axes, keep)
}

reduction_methods!(
    /// The smallest element over `axes`, NaN if any is NaN. Elements that tie share the gradient
    /// evenly.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 7.0, 3.0, 4.0], [2, 2]);
    /// assert_eq!(x.min(-1).to_vec(), [1.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range, or there are no elements to choose from.
    min,
    min_keep_dims,
    min
);
