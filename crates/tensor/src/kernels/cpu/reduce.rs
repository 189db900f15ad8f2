//! Folding axes away: `[outer, reduced, inner] -> [outer, inner]`, with a map applied to every
//! element first.
//!
//! Sums are taken in short blocks whose results are added with an error term (Knuth's two-sum),
//! so they are good to about one rounding whatever their length. Long folds are cut into pieces
//! of a fixed size whose results are folded again: the order never depends on threads.

use std::marker::PhantomData;

use super::isa::{Kernel, dispatch};
use super::vector::Vector;
use crate::kernels::threads::{SharedMut, parallel_for};
use crate::storage::Storage;

/// Lengths around the folded axes: before, of, and after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) outer: usize,
    pub(crate) reduced: usize,
    pub(crate) inner: usize,
}

impl Extent {
    pub(crate) fn input(&self) -> usize {
        self.outer * self.reduced * self.inner
    }

    pub(crate) fn output(&self) -> usize {
        self.outer * self.inner
    }
}

/// What a [`Map`] reads: `x` and `y` are `[outer, reduced, inner]`, `a` and `b` `[outer, inner]`.
/// Those that the map does not use are empty.
#[derive(Clone, Copy, Default)]
pub(crate) struct Operands<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) y: &'a [f32],
    pub(crate) a: &'a [f32],
    pub(crate) b: &'a [f32],
}

/// A function of an element and of values shared by all elements that are folded together.
pub(crate) trait Map: Copy + Send + Sync {
    const READS_X: bool = true;
    const READS_Y: bool = false;
    const READS_A: bool = false;
    const READS_B: bool = false;
    /// Nanoseconds for eight elements, to decide whether threads are worth their cost.
    const COST: usize = 2;

    fn map<V: Vector>(self, x: V, y: V, a: V, b: V) -> V;
}

/// The element itself.
#[derive(Clone, Copy)]
pub(crate) struct Identity;

impl Map for Identity {
    #[inline(always)]
    fn map<V: Vector>(self, x: V, _: V, _: V, _: V) -> V {
        x
    }
}

/// How elements are folded, over a state of two vectors.
pub(crate) trait Combine: Copy + Send + Sync {
    /// The result of folding nothing.
    const EMPTY: f32;
    fn start<V: Vector>() -> [V; 2];
    /// Takes in one element a lane.
    fn add<V: Vector>(state: [V; 2], x: V) -> [V; 2];
    /// Takes in the state of a block.
    fn merge<V: Vector>(total: [V; 2], block: [V; 2]) -> [V; 2];
    /// The result of each lane.
    fn finish<V: Vector>(state: [V; 2]) -> V;
    /// The result of all lanes together, from the result of each.
    fn across(lanes: &[f32]) -> f32;
}

/// The sum; the state's second vector is the error of the first.
#[derive(Clone, Copy)]
pub(crate) struct Sum;

impl Combine for Sum {
    const EMPTY: f32 = 0.0;

    #[inline(always)]
    fn start<V: Vector>() -> [V; 2] {
        [V::zero(); 2]
    }

    #[inline(always)]
    fn add<V: Vector>([sum, error]: [V; 2], x: V) -> [V; 2] {
        [sum.add(x), error]
    }

    #[inline(always)]
    fn merge<V: Vector>([total, error]: [V; 2], [block, _]: [V; 2]) -> [V; 2] {
        let sum = total.add(block);
        let taken = sum.sub(total);
        let lost = total.sub(sum.sub(taken)).add(block.sub(taken));
        [sum, error.add(lost)]
    }

    #[inline(always)]
    fn finish<V: Vector>([sum, error]: [V; 2]) -> V {
        // The error of an infinite sum is NaN.
        V::select(error.eq(error), sum.add(error), sum)
    }

    #[inline(always)]
    fn across(lanes: &[f32]) -> f32 {
        lanes.iter().map(|&x| f64::from(x)).sum::<f64>() as f32
    }
}

/// The largest (or smallest) element, NaN if any is; the state's second vector marks NaN.
#[derive(Clone, Copy)]
pub(crate) struct Extreme<const LARGEST: bool>;

impl<const LARGEST: bool> Combine for Extreme<LARGEST> {
    const EMPTY: f32 = if LARGEST { f32::NEG_INFINITY } else { f32::INFINITY };

    #[inline(always)]
    fn start<V: Vector>() -> [V; 2] {
        [V::splat(Self::EMPTY), V::zero()]
    }

    #[inline(always)]
    fn add<V: Vector>([best, nan]: [V; 2], x: V) -> [V; 2] {
        let best = if LARGEST { x.max(best) } else { x.min(best) };
        [best, nan.or(x.eq(x).and_not(V::splat(f32::from_bits(u32::MAX))))]
    }

    #[inline(always)]
    fn merge<V: Vector>([best, nan]: [V; 2], [block, block_nan]: [V; 2]) -> [V; 2] {
        let best = if LARGEST { block.max(best) } else { block.min(best) };
        [best, nan.or(block_nan)]
    }

    #[inline(always)]
    fn finish<V: Vector>([best, nan]: [V; 2]) -> V {
        best.or(nan) // all bits set is a NaN
    }

    #[inline(always)]
    fn across(lanes: &[f32]) -> f32 {
        let pick = |best: f32, &x: &f32| {
            let better = if LARGEST { x > best } else { x < best };
            if better || x.is_nan() { x } else { best }
        };
        lanes.iter().skip(1).fold(lanes[0], pick)
    }
}

/// Elements of one task: 128 KiB.
pub(super) const TASK: usize = 32 * 1024;
/// The most columns of one task.
const COLUMNS: usize = 1024;

/// `out[o, i] = combine over r of map(x[o, r, i], y[o, r, i], a[o, i], b[o, i])`.
pub(crate) fn fold<C: Combine, M: Map>(
    combine: C,
    map: M,
    extent: Extent,
    operands: Operands,
    out: &mut [f32],
) {
    let Extent { outer, reduced, inner } = extent;
    check_operands::<M>(extent, &operands);
    assert_eq!(out.len(), extent.output());
    if extent.input() == 0 {
        out.fill(C::EMPTY);
        return;
    }
    let columns = inner.min(COLUMNS);
    let step = (TASK / columns).max(1);
    if reduced > step {
        // Cut the folded axis: fold each piece, then their results.
        let pieces = reduced.div_ceil(step);
        let mut scratch = Storage::new(outer * pieces * inner);
        let partial = scratch.unique_f32s().expect("a new buffer is not shared");
        let partial = &mut partial[..outer * pieces * inner];
        fold_pieces(combine, map, extent, step, operands, partial);
        let extent = Extent { outer, reduced: pieces, inner };
        let operands = Operands { x: partial, ..Operands::default() };
        fold(combine, Identity, extent, operands, out);
    } else {
        fold_pieces(combine, map, extent, reduced, operands, out);
    }
}

/// Folds every `step` elements of the reduced axis: `out` is `[outer, pieces, inner]`.
fn fold_pieces<C: Combine, M: Map>(
    _: C,
    map: M,
    extent: Extent,
    step: usize,
    operands: Operands,
    out: &mut [f32],
) {
    let Extent { outer, reduced, inner } = extent;
    let pieces = reduced.div_ceil(step);
    let bands = inner.div_ceil(COLUMNS);
    // Small folds share a task.
    let group = if pieces * bands == 1 { (TASK / (reduced * inner)).max(1) } else { 1 };
    let groups = outer.div_ceil(group);
    let shared = SharedMut::new(out);
    parallel_for(groups * pieces * bands, work::<M>(extent), |task| {
        let (group_index, rest) = (task / (pieces * bands), task % (pieces * bands));
        let (piece, band) = (rest / bands, rest % bands);
        let start = piece * step;
        let (column, length) = (band * COLUMNS, COLUMNS.min(inner - band * COLUMNS));
        let first = group_index * group;
        let count = group.min(outer - first);
        // SAFETY: every (group, piece, band) belongs to one task and names elements of its own
        // within `out`; several groups' elements are adjacent, as pieces and bands are then one.
        let out =
            unsafe { shared.slice((first * pieces + piece) * inner + column, count * length) };
        let part = Part { first, start, rows: step.min(reduced - start), column, length };
        dispatch(FoldPart::<C, M> { map, extent, operands, part, out, combine: PhantomData });
    });
}

pub(super) fn work<M: Map>(extent: Extent) -> usize {
    extent.input() * M::COST / 8
}

/// Panics unless every operand that `M` reads has its size: the kernels rely on it.
pub(super) fn check_operands<M: Map>(extent: Extent, operands: &Operands) {
    assert!(!M::READS_X || operands.x.len() == extent.input());
    assert!(!M::READS_Y || operands.y.len() == extent.input());
    assert!(!M::READS_A || operands.a.len() == extent.output());
    assert!(!M::READS_B || operands.b.len() == extent.output());
}

/// Which elements one call folds: `rows` of the reduced axis from `start` and `length` columns
/// from `column`, for as many outer indices from `first` as there is room in `out`.
#[derive(Clone, Copy)]
struct Part {
    first: usize,
    start: usize,
    rows: usize,
    column: usize,
    length: usize,
}

struct FoldPart<'a, C, M> {
    map: M,
    extent: Extent,
    operands: Operands<'a>,
    part: Part,
    out: &'a mut [f32],
    combine: PhantomData<C>,
}

impl<C: Combine, M: Map> Kernel for FoldPart<'_, C, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Extent { reduced, inner, .. } = self.extent;
        let Part { first, start, rows, column, length } = self.part;
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
pub(super) const BLOCK: usize = 32;

static ALL_ONES: [f32; 16] = [f32::from_bits(u32::MAX); 16];

/// All ones in the first `count` lanes, fewer than `LANES`.
#[inline(always)]
pub(super) fn first_lanes<V: Vector>(count: usize) -> V {
    assert!(count <= ALL_ONES.len());
    // SAFETY: as many values are there, and vectors have at most sixteen lanes.
    unsafe { V::load_part(ALL_ONES.as_ptr(), count) }
}

/// Folds a contiguous row; `y` is as long as `x`.
#[inline(always)]
pub(super) fn fold_row<V: Vector, C: Combine, M: Map>(
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
    unsafe {
        let source = values.as_ptr().add(at);
        if count == V::LANES { V::load(source) } else { V::load_part(source, count) }
    }
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

impl<M: Map> Columns<'_, M> {
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
            unsafe {
                if count == V::LANES {
                    C::finish(total).store(target);
                } else {
                    C::finish(total).store_part(target, count);
                }
            }
        }
    }
}

/// The sum of each column of a `[rows, columns]` matrix: the gradient of a bias.
pub(crate) fn column_sums(rows: usize, columns: usize, x: &[f32], out: &mut [f32]) {
    let extent = Extent { outer: 1, reduced: rows, inner: columns };
    fold(Sum, Identity, extent, Operands { x, ..Operands::default() }, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Rng;
    use crate::threads;

    fn values(count: usize) -> Vec<f32> {
        let mut rng = Rng::new(count as u64);
        (0..count).map(|_| rng.normal() + 0.5).collect()
    }

    const EXTENTS: [(usize, usize, usize); 12] = [
        (1, 1, 1),
        (3, 7, 1),
        (2, 0, 3),
        (5, 100, 1),
        (1, 100_000, 1),
        (2, 70_001, 1),
        (1, 5000, 10),
        (3, 17, 37),
        (1, 300, 2050),
        (40, 33, 3),
        (1000, 2, 1),
        (4, 2000, 70),
    ];

    #[test]
    fn sums_are_exact_to_a_rounding() {
        for (outer, reduced, inner) in EXTENTS {
            let x = values(outer * reduced * inner);
            let mut out = vec![f32::NAN; outer * inner];
            let extent = Extent { outer, reduced, inner };
            let operands = Operands { x: &x, ..Operands::default() };
            fold(Sum, Identity, extent, operands, &mut out);
            for (o, out) in out.chunks(inner).enumerate() {
                for (i, &got) in out.iter().enumerate() {
                    let at = |r: usize| f64::from(x[(o * reduced + r) * inner + i]);
                    let want: f64 = (0..reduced).map(at).sum();
                    let size: f64 = (0..reduced).map(|r| at(r).abs()).sum();
                    let error = (f64::from(got) - want).abs();
                    assert!(error <= 4e-7 * size, "{extent:?}: {got}, not {want}");
                }
            }
        }
    }

    #[test]
    fn extremes_find_every_place_and_nan() {
        for (outer, reduced, inner) in EXTENTS.into_iter().filter(|e| e.1 > 0) {
            let extent = Extent { outer, reduced, inner };
            let mut x = values(extent.input());
            for place in [0, extent.input() / 2, extent.input() - 1] {
                for special in [100.0, f32::NAN, f32::INFINITY, -100.0, f32::NEG_INFINITY] {
                    let before = std::mem::replace(&mut x[place], special);
                    let operands = Operands { x: &x, ..Operands::default() };
                    let mut out = [vec![0.0; extent.output()], vec![0.0; extent.output()]];
                    fold(Extreme::<true>, Identity, extent, operands, &mut out[0]);
                    fold(Extreme::<false>, Identity, extent, operands, &mut out[1]);
                    let index = place / (reduced * inner) * inner + place % inner;
                    let got = [out[0][index], out[1][index]];
                    if special.is_nan() {
                        assert!(got[0].is_nan() && got[1].is_nan(), "{extent:?}");
                    } else {
                        assert_eq!(got[usize::from(special < 0.0)], special, "{extent:?}");
                    }
                    x[place] = before;
                }
            }
        }
    }

    #[test]
    fn infinities_survive_a_sum() {
        let mut x = values(5000);
        x[3000] = f32::INFINITY;
        let mut out = [0.0];
        column_sums(5000, 1, &x, &mut out);
        assert_eq!(out[0], f32::INFINITY);
    }

    #[test]
    fn the_order_does_not_depend_on_threads() {
        for (outer, reduced, inner) in EXTENTS {
            let x = values(outer * reduced * inner);
            let run = |count| {
                let mut out = vec![0.0; outer * inner];
                let operands = Operands { x: &x, ..Operands::default() };
                let extent = Extent { outer, reduced, inner };
                threads::with_count(count, || fold(Sum, Identity, extent, operands, &mut out));
                out
            };
            let one = run(1);
            assert!([2, 3, 8].into_iter().all(|count| run(count) == one));
        }
    }
}
