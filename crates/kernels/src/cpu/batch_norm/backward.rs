//! Sums for the gradients of scale and shift, and the pass that gives the input's gradient.

use super::sums::{TermSums, Terms};
use super::{Folded, Pointwise, RowVectors, ask_ahead};
use crate::cpu::at::At;
use crate::cpu::isa::{Kernel, dispatch};
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;

/// What the backward kernels read: the input, the gradient of the output, and per element of a
/// folded row mean, factor and shift as in [`normalize`](super::normalize).
#[derive(Clone, Copy)]
pub struct BatchNormBackward<'a, A> {
    /// How the arrays are folded.
    pub folded: Folded,
    /// The input.
    pub x: &'a [f32],
    /// Mean, factor and shift, `[3, width]`.
    pub coefficients: &'a [f32],
    /// What was applied to the normalised values.
    pub activation: A,
}

impl<A: Pointwise> BatchNormBackward<'_, A> {
    /// For every block, and one more for the rest, writes `[2, width]` to `partial`
    /// (`[blocks + 1, 2, width]`): `Σd` and `Σd (x - mean)`, where `d` is the gradient before the
    /// activation.
    pub fn sums(&self, output_grad: &[f32], partial: &mut [f32]) {
        let folded = &self.folded;
        let size = 2 * folded.width;
        assert!(self.x.len() == folded.elements() && output_grad.len() == self.x.len());
        assert!(partial.len() == (folded.blocks + 1) * size);
        let (blocks, rest) = partial.split_at_mut(folded.blocks * size);
        let blocks = SharedMut::new(blocks);
        let coefficients = self.coefficients;
        let kernel = |range: std::ops::Range<usize>, partial| {
            let (x, output_grad) = (&self.x[range.clone()], &output_grad[range]);
            let terms = GradientTerms { x, output_grad, coefficients, activation: self.activation };
            TermSums { terms, partial }
        };
        folded.each_block(2, |row, rows, block| {
            // SAFETY: every block has its own part of `partial`.
            let partial = unsafe { blocks.slice(block * size, size) };
            dispatch(kernel(row * folded.width..(row + rows) * folded.width, partial));
        });
        dispatch(kernel(folded.rest(), rest));
    }

    /// `dx = d factor - ((x - mean) slope + offset)`, with `centring` (`[2, width]`): slope and
    /// offset; without it (fixed statistics) `dx = d factor`. `output_grad: None` means that
    /// `input_grad` holds it and is overwritten.
    pub fn input_grad(
        &self,
        output_grad: Option<&[f32]>,
        centring: Option<&[f32]>,
        input_grad: &mut [f32],
    ) {
        let (folded, width) = (&self.folded, self.folded.width);
        assert!(self.x.len() == folded.elements() && input_grad.len() == self.x.len());
        assert!(output_grad.is_none_or(|grad| grad.len() == self.x.len()));
        let input_grad = SharedMut::new(input_grad);
        let run = |range: std::ops::Range<usize>| {
            dispatch(BackwardInput {
                x: &self.x[range.clone()],
                coefficients: self.coefficients,
                output_grad: output_grad.map(|grad| &grad[range.clone()]),
                centring,
                // SAFETY: blocks and the rest are disjoint parts of `input_grad`.
                input_grad: unsafe { input_grad.slice(range.start, range.len()) },
                width,
                activation: self.activation,
            });
        };
        folded.each_block(3, |row, rows, _| run(row * width..(row + rows) * width));
        run(folded.rest());
    }
}

/// The terms of [`BatchNormBackward::sums`].
struct GradientTerms<'a, A> {
    x: &'a [f32],
    output_grad: &'a [f32],
    coefficients: &'a [f32],
    activation: A,
}

impl<A: Pointwise> Terms for GradientTerms<'_, A> {
    fn length(&self) -> usize {
        assert_eq!(self.output_grad.len(), self.x.len());
        self.x.len()
    }

    #[inline(always)]
    unsafe fn at<V: Vector>(&mut self, at: At, column: usize) -> (V, V) {
        ask_ahead(self.x.as_ptr(), at.start());
        ask_ahead(self.output_grad.as_ptr(), at.start());
        let width = self.coefficients.len() / 3;
        let row = |row| self.coefficients.as_ptr().wrapping_add(row * width + column);
        // SAFETY: by this function's contract; the arrays are equally long.
        unsafe {
            let distance = at.load::<V>(self.x.as_ptr()).sub(V::load(row(0)));
            let z = distance.mul_add(V::load(row(1)), V::load(row(2)));
            let output_grad = at.load(self.output_grad.as_ptr());
            (self.activation.gradient(z, output_grad), distance)
        }
    }
}

struct BackwardInput<'a, A> {
    x: &'a [f32],
    coefficients: &'a [f32],
    output_grad: Option<&'a [f32]>,
    centring: Option<&'a [f32]>,
    input_grad: &'a mut [f32],
    width: usize,
    activation: A,
}

impl<A: Pointwise> Kernel for BackwardInput<'_, A> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { x, coefficients, output_grad, centring, input_grad, width, activation } = self;
        assert!(coefficients.len() == 3 * width && input_grad.len() == x.len());
        assert!(centring.is_none_or(|centring| centring.len() == 2 * width));
        assert!(output_grad.is_none_or(|grad| grad.len() == x.len()));
        let target = input_grad.as_mut_ptr();
        let source = output_grad.map_or(target.cast_const(), <[f32]>::as_ptr);
        for (at, column) in RowVectors::<V>::new(x.len(), width) {
            // SAFETY: `at` names a vector within the equally long arrays, which is read before it
            // is overwritten; `column` one within the width of every row.
            unsafe {
                let row =
                    |rows: &[f32], row: usize| rows.as_ptr().wrapping_add(row * width + column);
                ask_ahead(x.as_ptr(), at.start());
                ask_ahead(source, at.start());
                if output_grad.is_some() {
                    ask_ahead(target, at.start());
                }
                let c = [0, 1, 2].map(|index| row(coefficients, index));
                let factor = V::load(c[1]);
                let distance = at.load::<V>(x.as_ptr()).sub(V::load(c[0]));
                let z = distance.mul_add(factor, V::load(c[2]));
                let mut grad = activation.gradient(z, at.load(source)).mul(factor);
                if let Some(centring) = centring {
                    let slope = V::load(row(centring, 0));
                    grad = grad.sub(distance.mul_add(slope, V::load(row(centring, 1))));
                }
                at.store(grad, target);
            }
        }
    }
}
