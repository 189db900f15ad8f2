//! The place of the largest or smallest element along an axis. It has no gradient.

use crate::shape::{Shape, resolve_axis};
use crate::tensor::Tensor;

impl Tensor {
    /// The index of the largest element along `axis` (the first of equals, of NaN if there is
    /// one), as integers without that axis.
    ///
    /// ```
    /// # use glassbox_tensor::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 7.0, 3.0, 4.0], [2, 2]);
    /// assert_eq!(x.argmax(-1).as_i32(), [1, 1]);
    /// assert_eq!(x.argmax(0).as_i32(), [1, 0]);
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range or has no elements.
    #[track_caller]
    #[must_use]
    pub fn argmax(&self, axis: isize) -> Self {
        arg(self, axis, |x, best| x > best)
    }

    /// The index of the smallest element along `axis`; see [`Tensor::argmax`].
    ///
    /// # Panics
    /// When the axis is out of range or has no elements.
    #[track_caller]
    #[must_use]
    pub fn argmin(&self, axis: isize) -> Self {
        arg(self, axis, |x, best| x < best)
    }
}

#[track_caller]
fn arg(x: &Tensor, axis: isize, better: impl Fn(f32, f32) -> bool) -> Tensor {
    let axis = resolve_axis(axis, x.rank());
    let dims = x.dims();
    let (length, inner) = (dims[axis], dims[axis + 1..].iter().product::<usize>());
    assert!(
        length > 0 || x.elements() > 0,
        "the best of no elements, axis {axis} of {}",
        x.shape()
    );
    let mut kept = [1; crate::shape::MAX_RANK];
    kept[..axis].copy_from_slice(&dims[..axis]);
    kept[axis..dims.len() - 1].copy_from_slice(&dims[axis + 1..]);
    let values = x.as_slice();
    Tensor::build_i32(Shape::new(&kept[..dims.len() - 1]), |out| {
        for (o, out) in out.chunks_mut(inner.max(1)).enumerate() {
            for (i, out) in out.iter_mut().enumerate() {
                let at = |place: usize| values[(o * length + place) * inner + i];
                let mut best = 0;
                for place in 1..length {
                    let (x, b) = (at(place), at(best));
                    if better(x, b) || (x.is_nan() && !b.is_nan()) {
                        best = place;
                    }
                }
                *out = best as i32;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::tensor::Tensor;

    #[test]
    fn the_first_of_equals_and_nan() {
        let nan = f32::NAN;
        let x = Tensor::from_slice(&[3.0, 9.0, 9.0, nan, nan, 1.0, 0.0, 0.0, -1.0], [3, 3]);
        assert_eq!(x.argmax(1).as_i32(), [1, 0, 0]);
        assert_eq!(x.argmin(-1).as_i32(), [0, 0, 2]);
        assert_eq!(x.argmax(0).as_i32(), [1, 1, 0]);
    }

    #[test]
    fn a_middle_axis() {
        let x = Tensor::from_slice(&[1.0, 8.0, 3.0, 4.0, 5.0, 6.0, 0.0, 7.0], [2, 2, 2]);
        assert_eq!(x.argmax(1).dims(), [2, 2]);
        assert_eq!(x.argmax(1).as_i32(), [1, 0, 0, 1]);
    }
}
