//! Back through an activation of a sum: the summands' gradient, and its sums for those of scale and
//! shift, in one pass.

use std::ops::Range;

use super::{BatchNormBackward, Pointwise, STRIP, Strips, ask_ahead, store_sums};
use crate::cpu::at::At;
use crate::cpu::isa::{Kernel, dispatch};
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;

impl<A: Pointwise> BatchNormBackward<'_, A> {
    /// Writes `grad = d`, the gradient before the activation whose results are `y`, and the sums of
    /// [`BatchNormBackward::sums`] over it. `output_grad: None` means that `grad` holds it and is
    /// overwritten.
    pub fn joined_sums(
        &self,
        y: &[f32],
        output_grad: Option<&[f32]>,
        grad: &mut [f32],
        partial: &mut [f32],
    ) {
        let (folded, width, length) = (&self.folded, self.folded.width, self.x.len());
        let size = 2 * width;
        assert!(length == folded.elements() && grad.len() == length && y.len() == length);
        assert!(output_grad.is_none_or(|output_grad| output_grad.len() == length));
        assert!(partial.len() == (folded.blocks + 1) * size);
        let (grad, partial) = (SharedMut::new(grad), SharedMut::new(partial));
        let run = |range: Range<usize>, block: usize| {
            // SAFETY: every block, and the rest, has its own part of `grad` and of `partial`.
            let (grad, partial) = unsafe {
                (grad.slice(range.start, range.len()), partial.slice(block * size, size))
            };
            dispatch(JoinedSums {
                x: &self.x[range.clone()],
                y: &y[range.clone()],
                mean: &self.coefficients[..width],
                output_grad: output_grad.map(|output_grad| &output_grad[range]),
                grad,
                partial,
                activation: self.activation,
            });
        };
        folded.each_block(3, |row, rows, block| run(row * width..(row + rows) * width, block));
        run(folded.rest(), folded.blocks);
    }
}

struct JoinedSums<'a, A> {
    x: &'a [f32],
    y: &'a [f32],
    mean: &'a [f32],
    output_grad: Option<&'a [f32]>,
    grad: &'a mut [f32],
    partial: &'a mut [f32],
    activation: A,
}

impl<A: Pointwise> Kernel for JoinedSums<'_, A> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let (length, width) = (self.x.len(), self.mean.len());
        assert!(self.y.len() == length && self.grad.len() == length);
        assert!(self.output_grad.is_none_or(|output_grad| output_grad.len() == length));
        assert!(self.partial.len() == 2 * width);
        if length < width {
            return self.cut_off_row::<V>();
        }
        for (column, vectors) in Strips::<V>::new(width) {
            match vectors {
                STRIP => self.strip::<V, STRIP>(column),
                2 => self.strip::<V, 2>(column),
                _ => self.strip::<V, 1>(column),
            }
        }
    }
}

impl<A: Pointwise> JoinedSums<'_, A> {
    /// Writes the gradient at one place, and answers it with its product with the input's distance
    /// from the mean.
    ///
    /// # Safety
    /// `at` must lie within the arrays.
    #[inline(always)]
    unsafe fn terms<V: Vector>(&mut self, at: At, mean: V) -> (V, V) {
        let target = self.grad.as_mut_ptr();
        let source = self.output_grad.map_or(target.cast_const(), <[f32]>::as_ptr);
        ask_ahead(self.x.as_ptr(), at.start());
        ask_ahead(self.y.as_ptr(), at.start());
        ask_ahead(source, at.start());
        if self.output_grad.is_some() {
            ask_ahead(target, at.start());
        }
        // SAFETY: by this function's contract; the arrays are equally long.
        unsafe {
            let distance = at.load::<V>(self.x.as_ptr()).sub(mean);
            let value = at.load(self.y.as_ptr());
            let grad = self.activation.gradient_from_value(value, at.load(source));
            at.store(grad, target);
            (grad, distance)
        }
    }

    #[inline(always)]
    fn strip<V: Vector, const N: usize>(&mut self, column: usize) {
        let width = self.mean.len();
        assert!(column + N * V::LANES <= width);
        let mut mean = [V::zero(); N];
        for (n, mean) in mean.iter_mut().enumerate() {
            // SAFETY: the strip ends within the width.
            *mean = unsafe { V::load(self.mean.as_ptr().add(column + n * V::LANES)) };
        }
        let (mut sum, mut product) = ([V::zero(); N], [V::zero(); N]);
        for row in 0..self.x.len() / width {
            for n in 0..N {
                let at = At::Whole(row * width + column + n * V::LANES);
                // SAFETY: the row and the strip lie within the arrays.
                let (grad, distance) = unsafe { self.terms(at, mean[n]) };
                sum[n] = sum[n].add(grad);
                product[n] = grad.mul_add(distance, product[n]);
            }
        }
        store_sums(self.partial, width, column, [sum, product]);
    }

    /// The elements after the last whole row: one term for every sum.
    #[inline(always)]
    fn cut_off_row<V: Vector>(&mut self) {
        let (length, width) = (self.x.len(), self.mean.len());
        self.partial.fill(0.0);
        for column in (0..length).step_by(V::LANES) {
            let count = length - column;
            let at = if count < V::LANES { At::Part(column, count) } else { At::Whole(column) };
            // SAFETY: `at` lies within the arrays, and widths are whole vectors; so is the part
            // of `partial` that is written.
            unsafe {
                let (grad, distance) = self.terms(at, V::load(self.mean.as_ptr().add(column)));
                at.store(grad, self.partial.as_mut_ptr());
                at.store(grad.mul(distance), self.partial.as_mut_ptr().add(width));
            }
        }
    }
}
