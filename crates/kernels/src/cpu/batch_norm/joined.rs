//! Back through an activation of a sum: the summands' gradient, and its sums for those of scale and
//! shift, in one pass.

use std::ops::Range;

use super::sums::{TermSums, Terms};
use super::{BatchNormBackward, Pointwise, ask_ahead};
use crate::cpu::at::At;
use crate::cpu::isa::dispatch;
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
            let terms = JoinedTerms {
                x: &self.x[range.clone()],
                y: &y[range.clone()],
                mean: &self.coefficients[..width],
                output_grad: output_grad.map(|output_grad| &output_grad[range]),
                grad,
                activation: self.activation,
            };
            dispatch(TermSums { terms, partial });
        };
        folded.each_block(3, |row, rows, block| run(row * width..(row + rows) * width, block));
        run(folded.rest(), folded.blocks);
    }
}

/// The terms of [`BatchNormBackward::joined_sums`].
struct JoinedTerms<'a, A> {
    x: &'a [f32],
    y: &'a [f32],
    mean: &'a [f32],
    output_grad: Option<&'a [f32]>,
    grad: &'a mut [f32],
    activation: A,
}

impl<A: Pointwise> Terms for JoinedTerms<'_, A> {
    fn length(&self) -> usize {
        let length = self.x.len();
        assert!(self.y.len() == length && self.grad.len() == length);
        assert!(self.output_grad.is_none_or(|output_grad| output_grad.len() == length));
        length
    }

    /// Writes the gradient at one place, too.
    #[inline(always)]
    unsafe fn at<V: Vector>(&mut self, at: At, column: usize) -> (V, V) {
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
            let mean = V::load(self.mean.as_ptr().add(column));
            let distance = at.load::<V>(self.x.as_ptr()).sub(mean);
            let value = at.load(self.y.as_ptr());
            let grad = self.activation.gradient_from_value(value, at.load(source));
            at.store(grad, target);
            (grad, distance)
        }
    }
}
