//! Sums over the rows of a block, column by column: of gradients, and of their products with the
//! input's distances from the mean.

use super::{STRIP, Strips, store_sums};
use crate::cpu::at::At;
use crate::cpu::isa::Kernel;
use crate::cpu::vector::Vector;

/// What is summed.
pub(super) trait Terms {
    /// How many places there are.
    ///
    /// # Panics
    /// When the arrays are not equally long.
    fn length(&self) -> usize;

    /// The gradient at one place of this column, and the input's distance from the mean. Must be
    /// `#[inline(always)]`.
    ///
    /// # Safety
    /// `at` must lie within the places, and a vector at `column` within the width.
    unsafe fn at<V: Vector>(&mut self, at: At, column: usize) -> (V, V);
}

/// Writes both sums of a block, `[2, width]`; where there is less than a row of it, the terms.
pub(super) struct TermSums<'a, T> {
    pub(super) terms: T,
    pub(super) partial: &'a mut [f32],
}

impl<T: Terms> Kernel for TermSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let (length, width) = (self.terms.length(), self.partial.len() / 2);
        if length < width {
            return self.cut_off_row::<V>(length, width);
        }
        for (column, vectors) in Strips::<V>::new(width) {
            match vectors {
                STRIP => self.strip::<V, STRIP>(length, width, column),
                2 => self.strip::<V, 2>(length, width, column),
                _ => self.strip::<V, 1>(length, width, column),
            }
        }
    }
}

impl<T: Terms> TermSums<'_, T> {
    #[inline(always)]
    fn strip<V: Vector, const N: usize>(&mut self, length: usize, width: usize, column: usize) {
        let (mut sum, mut product) = ([V::zero(); N], [V::zero(); N]);
        assert!(column + N * V::LANES <= width);
        for row in 0..length / width {
            for n in 0..N {
                let column = column + n * V::LANES;
                // SAFETY: the row lies within the places, and the strip within the width.
                let (d, distance) =
                    unsafe { self.terms.at(At::Whole(row * width + column), column) };
                sum[n] = sum[n].add(d);
                product[n] = d.mul_add(distance, product[n]);
            }
        }
        store_sums(self.partial, width, column, [sum, product]);
    }

    /// The elements after the last whole row: one term for every sum.
    #[inline(always)]
    fn cut_off_row<V: Vector>(&mut self, length: usize, width: usize) {
        self.partial.fill(0.0);
        for column in (0..length).step_by(V::LANES) {
            let count = length - column;
            let at = if count < V::LANES { At::Part(column, count) } else { At::Whole(column) };
            // SAFETY: `at` lies within the places, and widths are whole vectors; so is the part of
            // `partial` that is written.
            unsafe {
                let (d, distance): (V, V) = self.terms.at(at, column);
                at.store(d, self.partial.as_mut_ptr());
                at.store(d.mul(distance), self.partial.as_mut_ptr().add(width));
            }
        }
    }
}
