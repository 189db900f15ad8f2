//! Shapes: the lengths of a tensor's axes, outermost first.

use std::fmt;
use std::ops::{Deref, RangeFull};

pub use glassbox_kernels::MAX_RANK;

/// The lengths of a tensor's axes, outermost first. A scalar has none.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Ones beyond the rank.
    dims: [usize; MAX_RANK],
    /// As wide as a length: a processor waits long for what was written in other pieces than it is
    /// copied in.
    rank: usize,
}

impl Shape {
    /// A shape from its axis lengths.
    ///
    /// # Panics
    /// When there are more than [`MAX_RANK`] axes.
    #[track_caller]
    #[inline]
    pub fn new(dims: &[usize]) -> Self {
        assert!(dims.len() <= MAX_RANK, "a tensor has at most {MAX_RANK} axes, not {}", dims.len());
        let mut shape = Self { dims: [1; MAX_RANK], rank: dims.len() };
        shape.dims[..dims.len()].copy_from_slice(dims);
        shape
    }

    /// The axis lengths.
    #[inline]
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.rank]
    }

    /// The axis lengths, to change in place.
    pub fn dims_mut(&mut self) -> &mut [usize] {
        &mut self.dims[..self.rank]
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// The number of elements (1 for a scalar).
    #[inline]
    pub fn elements(&self) -> usize {
        // Of all, as those beyond the rank are ones: no loop.
        let [a, b, c, d, e, f, g, h] = self.dims;
        ((a * b) * (c * d)) * ((e * f) * (g * h))
    }

    /// This shape with one more axis of length `length` before the first.
    #[track_caller]
    pub fn prepend(&self, length: usize) -> Self {
        assert!(self.rank() < MAX_RANK, "a tensor has at most {MAX_RANK} axes");
        let mut shape = Self { dims: [1; MAX_RANK], rank: self.rank + 1 };
        shape.dims[0] = length;
        shape.dims[1..=self.rank()].copy_from_slice(self.dims());
        shape
    }

    /// This shape with another length of the last axis; a scalar stays one.
    #[inline]
    pub(crate) fn with_last(&self, length: usize) -> Self {
        let last = self.rank().wrapping_sub(1);
        // Every length is written anew: one that was written alone would have to be waited for
        // when the shape is copied.
        let dims = std::array::from_fn(|i| if i == last { length } else { self.dims[i] });
        Self { dims, rank: self.rank }
    }

    /// The shape two operands broadcast to: aligned at the last axis, a length of 1 stretches
    /// (NumPy's rule). `None` where lengths differ and neither is 1.
    pub fn broadcast(&self, other: &Self) -> Option<Self> {
        let rank = self.rank().max(other.rank());
        let mut out = Self { dims: [1; MAX_RANK], rank };
        for axis in 0..rank {
            let length = |s: &Self| (axis + s.rank()).checked_sub(rank).map_or(1, |a| s.dims[a]);
            out.dims[axis] = match (length(self), length(other)) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => return None,
            };
        }
        Some(out)
    }
}

impl Deref for Shape {
    type Target = [usize];

    #[inline]
    fn deref(&self) -> &[usize] {
        self.dims()
    }
}

impl PartialEq for Shape {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        // All of them at once, without the call that comparing slices is.
        let differ = |i: usize| self.dims[i] ^ other.dims[i];
        (0..MAX_RANK).fold(self.rank ^ other.rank, |sum, i| sum | differ(i)) == 0
    }
}

impl Eq for Shape {}

/// `8×8×1`; a scalar is written `scalar`.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rank == 0 {
            return f.write_str("scalar");
        }
        for (axis, length) in self.dims().iter().enumerate() {
            if axis > 0 {
                f.write_str("×")?;
            }
            write!(f, "{length}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.dims().fmt(f)
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Self {
        Self::new(dims)
    }
}

impl From<&Vec<usize>> for Shape {
    fn from(dims: &Vec<usize>) -> Self {
        Self::new(dims)
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Self {
        Self::new(&dims)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Self {
        Self::new(&dims)
    }
}

impl<const N: usize> From<&[usize; N]> for Shape {
    fn from(dims: &[usize; N]) -> Self {
        Self::new(dims)
    }
}

/// Which axes a reduction folds: `..` for all, one index, or several. Negative indices count from
/// the last axis.
#[derive(Clone, Debug)]
pub struct Axes(Option<smallvec::SmallVec<[isize; MAX_RANK]>>);

impl Axes {
    /// One flag an axis of a tensor of rank `rank`: is it folded?
    ///
    /// # Panics
    /// When an index is out of range.
    #[track_caller]
    pub fn mask(&self, rank: usize) -> [bool; MAX_RANK] {
        let mut mask = [false; MAX_RANK];
        match &self.0 {
            None => mask[..rank].fill(true),
            Some(axes) => {
                for &axis in axes {
                    mask[resolve_axis(axis, rank)] = true;
                }
            }
        }
        mask
    }
}

/// The index from the first axis that `axis` (negative: from the last) names.
#[track_caller]
pub(crate) fn resolve_axis(axis: isize, rank: usize) -> usize {
    let index = if axis < 0 { axis + rank as isize } else { axis };
    assert!((0..rank as isize).contains(&index), "axis {axis} of a tensor with {rank} axes");
    index as usize
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Self {
        Self(None)
    }
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Self {
        Self(Some(smallvec::smallvec![axis]))
    }
}

impl From<&[isize]> for Axes {
    fn from(axes: &[isize]) -> Self {
        Self(Some(axes.iter().copied().collect()))
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Self {
        Self(Some(axes.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_follows_numpy() {
        let shape = |d: &[usize]| Shape::new(d);
        assert_eq!(shape(&[4, 1, 3]).broadcast(&shape(&[2, 1])), Some(shape(&[4, 2, 3])));
        assert_eq!(shape(&[]).broadcast(&shape(&[5])), Some(shape(&[5])));
        assert_eq!(shape(&[0, 3]).broadcast(&shape(&[1, 3])), Some(shape(&[0, 3])));
        assert_eq!(shape(&[4]).broadcast(&shape(&[3])), None);
    }

    #[test]
    fn another_length_of_the_last_axis() {
        assert_eq!(Shape::from([4, 3]).with_last(7), Shape::from([4, 7]));
        assert_eq!(Shape::from([0; MAX_RANK]).with_last(2)[MAX_RANK - 1], 2);
        assert_eq!(Shape::from([]).with_last(2), Shape::from([]));
        assert_ne!(Shape::from([]), Shape::from([1]));
    }

    #[test]
    fn axes_resolve_from_both_ends() {
        assert_eq!(Axes::from([-1, 0]).mask(3)[..3], [true, false, true]);
        assert_eq!(Axes::from(..).mask(2)[..2], [true, true]);
    }

    #[test]
    fn shapes_print_for_people() {
        assert_eq!(Shape::from([8, 8, 1]).to_string(), "8×8×1");
        assert_eq!(Shape::from([]).to_string(), "scalar");
    }
}
