//! Padding with the array's own elements: mirrored, repeated, or from the other end. Made of one
//! [`Tensor::index_select`] an axis, whose gradient adds up what an element was used for.

use crate::tensor::Tensor;

/// Where the elements around an array come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PadMode {
    /// Mirrored at the border, which itself is not repeated: `c b | a b c | b a`.
    Reflect,
    /// The nearest element: `a a | a b c | c c`.
    Replicate,
    /// The other end: `b c | a b c | a b`.
    Circular,
}

impl PadMode {
    /// The element of an axis of `length` that stands at `place`, which may lie outside.
    fn source(self, place: isize, length: isize) -> isize {
        match self {
            Self::Reflect if place < 0 => -place,
            Self::Reflect if place >= length => 2 * (length - 1) - place,
            Self::Reflect => place,
            Self::Replicate => place.clamp(0, length - 1),
            Self::Circular => place.rem_euclid(length),
        }
    }

    /// How much an axis of `length` can be padded on one side.
    fn most(self, length: usize) -> usize {
        match self {
            Self::Reflect => length.saturating_sub(1),
            Self::Replicate if length > 0 => usize::MAX,
            Self::Replicate => 0,
            Self::Circular => length,
        }
    }
}

impl Tensor {
    /// Adds `padding[axis] = (before, after)` elements to each axis, taken from the array itself.
    ///
    /// ```
    /// # use glassbox_tensor::{PadMode, Tensor};
    /// let x = Tensor::from_slice(&[1.0, 2.0, 3.0], [3]);
    /// assert_eq!(x.pad_mode(&[(1, 1)], PadMode::Reflect).to_vec(), [2.0, 1.0, 2.0, 3.0, 2.0]);
    /// assert_eq!(x.pad_mode(&[(2, 0)], PadMode::Circular).to_vec(), [2.0, 3.0, 1.0, 2.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// When there is not one pair an axis, or an axis has too few elements: fewer than are added
    /// on one side (circular), or not more (reflect).
    #[track_caller]
    #[must_use]
    pub fn pad_mode(&self, padding: &[(usize, usize)], mode: PadMode) -> Self {
        let shape = self.shape();
        assert!(
            padding.len() == self.rank(),
            "{} pairs of padding for the axes of {shape}",
            padding.len()
        );
        let mut padded = self.clone();
        for (axis, &(before, after)) in padding.iter().enumerate() {
            if (before, after) == (0, 0) {
                continue;
            }
            let length = shape[axis];
            assert!(
                before.max(after) <= mode.most(length),
                "{mode:?} padding ({before}, {after}) of axis {axis} of {shape}"
            );
            let places = -(before as isize)..(length + after) as isize;
            let index: Vec<i32> =
                places.map(|place| mode.source(place, length as isize) as i32).collect();
            let index = Tensor::from_i32(&index, [index.len()]);
            padded = padded.index_select(axis as isize, &index);
        }
        padded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_pads_both_sides() {
        let x = Tensor::from_slice(&[1.0, 2.0, 3.0], [1, 3]);
        for (mode, expected) in [
            (PadMode::Reflect, [3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]),
            (PadMode::Replicate, [1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0]),
            (PadMode::Circular, [2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0]),
        ] {
            assert_eq!(x.pad_mode(&[(0, 0), (2, 2)], mode).to_vec(), expected, "{mode:?}");
        }
        assert_eq!(x.pad_mode(&[(1, 0), (0, 0)], PadMode::Circular).dims(), [2, 3]);
    }

    #[test]
    fn the_gradient_counts_how_often_an_element_is_used() {
        let x = Tensor::from_slice(&[1.0, 2.0, 3.0], [3]).with_grad();
        let gradients = x.pad_mode(&[(2, 1)], PadMode::Replicate).sum(..).backward();
        assert_eq!(gradients.get(&x).unwrap().to_vec(), [3.0, 1.0, 2.0]);
    }

    #[test]
    #[should_panic(expected = "Reflect padding (3, 0) of axis 0")]
    fn a_mirror_needs_enough_elements() {
        let _ = Tensor::ones([3]).pad_mode(&[(3, 0)], PadMode::Reflect);
    }
}
