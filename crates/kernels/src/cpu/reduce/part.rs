//! Folding one part, a row by vectors along it or columns side by side.

use std::marker::PhantomData;

use super::super::isa::Kernel;
use super::super::vector::Vector;
use super::{Combine, Extent, FoldMap, Operands};

/// Which elements one call folds: `rows` of the reduced axis from `start` and `length` columns
/// from `column`, for as many outer indices from `first` as there is room in `out`.
#[derive(Clone, Copy)]
pub(super) struct FoldRange {
    pub(super) first: usize,
    pub(super) start: usize,
    pub(super) rows: usize,
    pub(super) column: usize,
    pub(super) length: usize,
}

pub(super) struct FoldPart<'a, C, M> {
    pub(super) map: M,
    pub(super) extent: Extent,
    pub(super) operands: Operands<'a>,
    pub(super) part: FoldRange,
    pub(super) out: &'a mut [f32],
    pub(super) combine: PhantomData<C>,
}

impl<C: Combine, M: FoldMap> Kernel for FoldPart<'_, C, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Extent { reduced, inner, .. } = self.extent;
        let FoldRange { first, start, rows, column, length } = self.part;
        let Operands { x, y, a, b } = self.operands;
        for (index, out) in self.out.chunks_exact_mut(length).enumerate() {
            let from = ((first + index) * reduced + start) * inner + column;
            let shared = (first + index) * inner + column;
            if inner == 1 {
                let x = &x[from..from + rows];
                let y = if M::READS_Y { &y[from..from + rows] } else { x };
                let a = if M::READS_A { a[shared] } else { 0.0 };
                let b = if M::READS_B { b[shared] } else { 0.0 };
                out[0] = fold_row::<V, C, M>(self.map, x, y, V::splat(a), V::splat(b));
                continue;
            }
            let mut columns = Columns {
                map: self.map,
                x: &x[from..],
                y: if M::READS_Y { &y[from..] } else { &[] },
                a: if M::READS_A { &a[shared..] } else { &[] },
                b: if M::READS_B { &b[shared..] } else { &[] },
                stride: inner,
                rows,
                out,
            };
            columns.run::<V, C>();
        }
    }
}

/// Elements a lane adds up before its sum joins the total.
pub(crate) const BLOCK: usize = 32;

static ALL_ONES: [f32; 16] = [f32::from_bits(u32::MAX); 16];

/// All ones in the first `count` lanes, fewer than `LANES`.
#[inline(always)]
pub(crate) fn first_lanes<V: Vector>(count: usize) -> V {
    assert!(count <= ALL_ONES.len());
    // SAFETY: as many values are there, and vectors have at most sixteen lanes.
    unsafe { V::load_part(ALL_ONES.as_ptr(), count) }
}

/// Folds a contiguous row; `y` is as long as `x`.
#[inline(always)]
pub(crate) fn fold_row<V: Vector, C: Combine, M: FoldMap>(
    map: M,
    x: &[f32],
    y: &[f32],
    a: V,
    b: V,
) -> f32 {
    const CHAINS: usize = 4;
    let mut total = C::start::<V>();
    let mut at = 0;
    while at + CHAINS * V::LANES <= x.len() {
        let mut block = [C::start::<V>(); CHAINS];
        let end = x.len().min(at + BLOCK * CHAINS * V::LANES);
        while at + CHAINS * V::LANES <= end {
            for (chain, state) in block.iter_mut().enumerate() {
                let at = at + chain * V::LANES;
                // SAFETY: `at + LANES` is at most `end`, within both rows.
                let (x, y) = unsafe { (V::load(x.as_ptr().add(at)), V::load(y.as_ptr().add(at))) };
                *state = C::add(*state, map.map(x, y, a, b));
            }
            at += CHAINS * V::LANES;
        }
        for state in block {
            total = C::merge(total, state);
        }
    }
    let mut block = C::start::<V>();
    while at + V::LANES <= x.len() {
        // SAFETY: `at + LANES` is within both rows.
        let (x, y) = unsafe { (V::load(x.as_ptr().add(at)), V::load(y.as_ptr().add(at))) };
        block = C::add(block, map.map(x, y, a, b));
        at += V::LANES;
    }
    let rest = x.len() - at;
    if rest > 0 {
        // SAFETY: `rest` elements are left in both rows, fewer than `LANES`.
        let (x, y) = unsafe {
            (V::load_part(x.as_ptr().add(at), rest), V::load_part(y.as_ptr().add(at), rest))
        };
        let inside = first_lanes::<V>(rest);
        let next = C::add(block, map.map(x, y, a, b));
        block = [V::select(inside, next[0], block[0]), V::select(inside, next[1], block[1])];
    }
    total = C::merge(total, block);
    C::across(&C::finish(total).to_array()[..V::LANES])
}

/// `count` values from `values[at]`.
///
/// # Safety
/// They must exist.
#[inline(always)]
unsafe fn load<V: Vector>(values: &[f32], at: usize, count: usize) -> V {
    debug_assert!(at + count <= values.len());
    // SAFETY: by this function's contract.
    unsafe { V::load_up_to(values.as_ptr().add(at), count) }
}

/// Folds rows of `stride` elements column by column: `out[c]` from `x[r * stride + c]`.
struct Columns<'a, M> {
    map: M,
    x: &'a [f32],
    y: &'a [f32],
    a: &'a [f32],
    b: &'a [f32],
    stride: usize,
    rows: usize,
    out: &'a mut [f32],
}

impl<M: FoldMap> Columns<'_, M> {
    #[inline(always)]
    fn run<V: Vector, C: Combine>(&mut self) {
        let width = self.out.len();
        let input = (self.rows - 1) * self.stride + width;
        assert!(self.x.len() >= input && (!M::READS_Y || self.y.len() >= input));
        assert!(!M::READS_A || self.a.len() >= width);
        assert!(!M::READS_B || self.b.len() >= width);
        let mut column = 0;
        while column + 4 * V::LANES <= width {
            // SAFETY: four vectors of columns from `column` lie within `width`.
            unsafe { self.tile::<V, C, 4>(column, V::LANES) };
            column += 4 * V::LANES;
        }
        while column < width {
            let count = V::LANES.min(width - column);
            // SAFETY: `count` columns from `column` lie within `width`.
            unsafe { self.tile::<V, C, 1>(column, count) };
            column += count;
        }
    }

    /// Folds `N` vectors of `count` columns each.
    ///
    /// # Safety
    /// These columns must lie within `out`, and the lengths be checked as in `run`.
    #[inline(always)]
    unsafe fn tile<V: Vector, C: Combine, const N: usize>(&mut self, column: usize, count: usize) {
        let (mut a, mut b) = ([V::zero(); N], [V::zero(); N]);
        for n in 0..N {
            if M::READS_A {
                // SAFETY: the caller names columns that exist in every operand that is read.
                a[n] = unsafe { load::<V>(self.a, column + n * V::LANES, count) };
            }
            if M::READS_B {
                // SAFETY: as above.
                b[n] = unsafe { load::<V>(self.b, column + n * V::LANES, count) };
            }
        }
        let mut total = [C::start::<V>(); N];
        let mut row = 0;
        while row < self.rows {
            let mut block = [C::start::<V>(); N];
            let end = self.rows.min(row + BLOCK);
            while row < end {
                for n in 0..N {
                    let at = row * self.stride + column + n * V::LANES;
                    // SAFETY: the caller names columns that exist in every row.
                    let x = unsafe { load::<V>(self.x, at, count) };
                    // SAFETY: as above.
                    let y = if M::READS_Y { unsafe { load(self.y, at, count) } } else { x };
                    block[n] = C::add(block[n], self.map.map(x, y, a[n], b[n]));
                }
                row += 1;
            }
            for n in 0..N {
                total[n] = C::merge(total[n], block[n]);
            }
        }
        for (n, total) in total.into_iter().enumerate() {
            let target = self.out[column + n * V::LANES..].as_mut_ptr();
            // SAFETY: as for the loads.
            unsafe { C::finish(total).store_up_to(target, count) };
        }
    }
}
