//! Statistics of blocks of rows, and the pass that normalises.

use super::{Folded, Pointwise, RowVectors, STRIP, Strips, ask_ahead, store_sums};
use crate::cpu::isa::{Kernel, dispatch};
use crate::cpu::vector::Vector;
use crate::shared_mut::SharedMut;

/// For every block writes `[3, width]` to `partial` (`[blocks, 3, width]`): a shift `s` near the
/// block's mean, `Σ(x - s)` and `Σ(x - s)²`. The shift keeps the sums exact whatever the mean.
pub fn statistics(folded: &Folded, x: &[f32], partial: &mut [f32]) {
    let size = 3 * folded.width;
    assert!(x.len() == folded.elements() && partial.len() == folded.blocks * size);
    let partial = SharedMut::new(partial);
    folded.each_block(1, |row, rows, block| {
        let x = &x[row * folded.width..][..rows * folded.width];
        // SAFETY: every block has its own part of `partial`.
        let partial = unsafe { partial.slice(block * size, size) };
        dispatch(Statistics { x, width: folded.width, partial });
    });
}

struct Statistics<'a> {
    x: &'a [f32],
    width: usize,
    partial: &'a mut [f32],
}

impl Kernel for Statistics<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(mut self) {
        for (column, vectors) in Strips::<V>::new(self.width) {
            match vectors {
                STRIP => self.strip::<V, STRIP>(column),
                2 => self.strip::<V, 2>(column),
                _ => self.strip::<V, 1>(column),
            }
        }
    }
}

impl Statistics<'_> {
    #[inline(always)]
    fn strip<V: Vector, const N: usize>(&mut self, column: usize) {
        let (x, width) = (self.x, self.width);
        let rows = x.len() / width;
        debug_assert!(column + N * V::LANES <= width);
        let at = |row: usize, n: usize| {
            // SAFETY: `row` is below the number of rows and the strip ends within the width.
            unsafe { V::load(x.as_ptr().add(row * width + column + n * V::LANES)) }
        };
        let mut sum = [V::zero(); N];
        for row in 0..rows {
            for (n, sum) in sum.iter_mut().enumerate() {
                ask_ahead(x.as_ptr(), row * width + column + n * V::LANES);
                *sum = sum.add(at(row, n));
            }
        }
        let shift = sum.map(|s| s.mul(V::splat(1.0 / rows as f32)));
        let (mut sum, mut squares) = ([V::zero(); N], [V::zero(); N]);
        for row in 0..rows {
            for n in 0..N {
                let d = at(row, n).sub(shift[n]);
                sum[n] = sum[n].add(d);
                squares[n] = d.mul_add(d, squares[n]);
            }
        }
        store_sums(self.partial, width, column, [shift, sum, squares]);
    }
}

/// `y = activation((x - mean) factor + shift + addend)` with `coefficients` `[3, width]`: mean,
/// factor, shift of every element of a folded row.
pub fn normalize<A: Pointwise>(
    folded: &Folded,
    x: &[f32],
    coefficients: &[f32],
    addend: Option<&[f32]>,
    y: &mut [f32],
    activation: A,
) {
    let width = folded.width;
    assert!(x.len() == folded.elements() && y.len() == x.len());
    assert!(coefficients.len() == 3 * width && addend.is_none_or(|addend| addend.len() == x.len()));
    let y = SharedMut::new(y);
    let run = |range: std::ops::Range<usize>| {
        // SAFETY: blocks and the rest are disjoint parts of `y`.
        let y = unsafe { y.slice(range.start, range.len()) };
        let (x, addend) = (&x[range.clone()], addend.map(|addend| &addend[range]));
        dispatch(Normalize { x, coefficients, addend, y, width, activation });
    };
    folded.each_block(2, |row, rows, _| run(row * width..(row + rows) * width));
    run(folded.rest());
}

struct Normalize<'a, A> {
    x: &'a [f32],
    coefficients: &'a [f32],
    addend: Option<&'a [f32]>,
    y: &'a mut [f32],
    width: usize,
    activation: A,
}

impl<A: Pointwise> Kernel for Normalize<'_, A> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { x, coefficients, addend, y, width, activation } = self;
        assert!(x.len() == y.len() && coefficients.len() == 3 * width);
        assert!(addend.is_none_or(|addend| addend.len() == x.len()));
        let target = y.as_mut_ptr();
        for (at, column) in RowVectors::<V>::new(x.len(), width) {
            // SAFETY: `at` names a vector within `x`, `y` and the addend, equally long, and
            // `column` one within the width of each row of coefficients.
            unsafe {
                ask_ahead(x.as_ptr(), at.start());
                ask_ahead(target, at.start());
                let c = |row: usize| V::load(coefficients.as_ptr().add(row * width + column));
                let mut z = at.load::<V>(x.as_ptr()).sub(c(0)).mul_add(c(1), c(2));
                if let Some(addend) = addend {
                    ask_ahead(addend.as_ptr(), at.start());
                    z = z.add(at.load(addend.as_ptr()));
                }
                at.store(activation.value(z), target);
            }
        }
    }
}
