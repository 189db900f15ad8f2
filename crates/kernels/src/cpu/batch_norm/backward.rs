//! Sums for the gradients of scale and shift, and the pass that gives the input's gradient.

use super::{Folded, Pointwise, RowVectors, STRIP, Strips, ask_ahead, store_sums};
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
        let (folded, width) = (&self.folded, self.folded.width);
        let size = 2 * width;
        assert!(self.x.len() == folded.elements() && output_grad.len() == self.x.len());
        assert!(partial.len() == (folded.blocks + 1) * size);
        let (blocks, rest) = partial.split_at_mut(folded.blocks * size);
        let blocks = SharedMut::new(blocks);
        let coefficients = self.coefficients;
        let kernel = |range: std::ops::Range<usize>, partial| BackwardSums {
            x: &self.x[range.clone()],
            output_grad: &output_grad[range],
            coefficients,
            partial,
            width,
            activation: self.activation,
        };
        folded.each_block(2, |row, rows, block| {
            // SAFETY: every block has its own part of `partial`.
            let partial = unsafe { blocks.slice(block * size, size) };
            dispatch(kernel(row * width..(row + rows) * width, partial));
        });
        rest.fill(0.0);
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

struct BackwardSums<'a, A> {
    x: &'a [f32],
    output_grad: &'a [f32],
    coefficients: &'a [f32],
    partial: &'a mut [f32],
    width: usize,
    activation: A,
}

impl<A: Pointwise> Kernel for BackwardSums<'_, A> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self) {
        if self.x.len() < self.width {
            return self.cut_off_row::<V>();
        }
        for (column, vectors) in Strips::<V>::new(self.width) {
            match vectors {
                STRIP => self.strip::<V, STRIP>(column),
                2 => self.strip::<V, 2>(column),
                _ => self.strip::<V, 1>(column),
            }
        }
    }
}

impl<A: Pointwise> BackwardSums<'_, A> {
    /// The gradient before the activation, and the input's distance from the mean.
    ///
    /// # Safety
    /// `at` must lie within the input, and a vector at `column` within the width.
    #[inline(always)]
    unsafe fn terms<V: Vector>(&self, at: At, mean: V, column: usize) -> (V, V) {
        ask_ahead(self.x.as_ptr(), at.start());
        ask_ahead(self.output_grad.as_ptr(), at.start());
        let row = |row| self.coefficients.as_ptr().wrapping_add(row * self.width + column);
        // SAFETY: by this function's contract; the arrays are equally long.
        unsafe {
            let distance = at.load::<V>(self.x.as_ptr()).sub(mean);
            let z = distance.mul_add(V::load(row(1)), V::load(row(2)));
            let output_grad = at.load(self.output_grad.as_ptr());
            (self.activation.gradient(z, output_grad), distance)
        }
    }

    #[inline(always)]
    fn strip<V: Vector, const N: usize>(&mut self, column: usize) {
        let width = self.width;
        let rows = self.x.len() / width;
        assert!(self.output_grad.len() == self.x.len() && self.coefficients.len() == 3 * width);
        assert!(column + N * V::LANES <= width);
        let columns: [usize; N] = std::array::from_fn(|n| column + n * V::LANES);
        // SAFETY: the columns end within the width.
        let mean = columns.map(|at| unsafe { V::load(self.coefficients.as_ptr().add(at)) });
        let (mut sum, mut product) = ([V::zero(); N], [V::zero(); N]);
        for row in 0..rows {
            for n in 0..N {
                let at = At::Whole(row * width + columns[n]);
                // SAFETY: the row and the columns lie within the input.
                let (d, distance) = unsafe { self.terms(at, mean[n], columns[n]) };
                sum[n] = sum[n].add(d);
                product[n] = d.mul_add(distance, product[n]);
            }
        }
        store_sums(self.partial, width, column, [sum, product]);
    }

    /// The elements after the last whole row: one term for every sum.
    #[inline(always)]
    fn cut_off_row<V: Vector>(&mut self) {
        let (length, width) = (self.x.len(), self.width);
        assert!(self.output_grad.len() == length && self.coefficients.len() == 3 * width);
        assert!(self.partial.len() == 2 * width);
        for column in (0..length).step_by(V::LANES) {
            let count = length - column;
            let at = if count < V::LANES { At::Part(column, count) } else { At::Whole(column) };
            // SAFETY: `at` lies within the input, and widths are whole vectors; so is the part
            // of `partial` that is written.
            unsafe {
                let mean = V::load(self.coefficients.as_ptr().add(column));
                let (d, distance) = self.terms(at, mean, column);
                at.store(d, self.partial.as_mut_ptr());
                at.store(d.mul(distance), self.partial.as_mut_ptr().add(width));
            }
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
