//! Integers as rows with a single 1. It has no gradient.

use crate::shape::{MAX_RANK, Shape};
use crate::tensor::Tensor;

impl Tensor {
    /// For integers `[batch…]` the rows `[batch…, classes]` that are 1 at the integer, else 0.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let labels = Tensor::from_i32(&[2, 0], [2]);
    /// assert_eq!(labels.one_hot(3).to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// When an integer is not below `classes`, or these are not integers.
    #[track_caller]
    #[must_use]
    pub fn one_hot(&self, classes: usize) -> Self {
        let labels = self.as_i32();
        if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
            panic!("one_hot: {label} is out of range for {classes} classes");
        }
        let mut dims = [classes; MAX_RANK + 1];
        dims[..self.rank()].copy_from_slice(self.dims());
        Self::build(Shape::new(&dims[..=self.rank()]), |out| {
            out.fill(0.0);
            for (row, &label) in labels.iter().enumerate() {
                out[row * classes + label as usize] = 1.0;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    #[should_panic(expected = "one_hot: -1 is out of range for 3 classes")]
    fn a_label_out_of_range() {
        let _ = Tensor::from_i32(&[1, -1], [2]).one_hot(3);
    }
}
