//! `y = sum(x) / n` over some axes: recorded as a scaled sum.

use super::reduction::reduction_methods;
use super::sum::scaled_sum;
use crate::shape::Axes;
use crate::tensor::Tensor;

#[track_caller]
fn mean(x: &Tensor, axes: Axes, keep: bool) -> Tensor {
    scaled_sum(x, axes, keep, |count| 1.0 / count as f32)
}

reduction_methods!(
    /// The mean over `axes`; NaN where there is nothing to average.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 6.0], [2, 2]);
    /// assert_eq!(x.mean(0).to_vec(), [2.0, 4.0]);
    /// assert_eq!(x.mean(..).item(), 3.0);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range.
    mean,
    mean_keep_dims,
    mean
);
