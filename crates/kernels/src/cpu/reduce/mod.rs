//! Folding axes away: `[outer, reduced, inner] -> [outer, inner]`, with a map applied to every
//! element first.
//!
//! Sums are taken in short blocks whose results are added with an error term (Knuth's two-sum),
//! so they are good to about one rounding whatever their length. Long folds are cut into pieces
//! of a fixed size whose results are folded again: the order never depends on threads.

use std::marker::PhantomData;

use super::isa::dispatch;
use super::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::storage::Storage;
use crate::threads::parallel_for;

mod combine;
mod part;
#[cfg(test)]
mod tests;

pub use combine::{Combine, Extreme, Sum};
pub(crate) use part::{BLOCK, first_lanes, fold_row};
use part::{FoldPart, FoldRange};

/// Lengths around the folded axes: before, of, and after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Of the axes before the folded ones.
    pub outer: usize,
    /// Of the folded axes.
    pub reduced: usize,
    /// Of the axes after the folded ones.
    pub inner: usize,
}

impl Extent {
    pub(crate) fn input(&self) -> usize {
        self.outer * self.reduced * self.inner
    }

    /// Elements that are left.
    pub fn output(&self) -> usize {
        self.outer * self.inner
    }
}

/// What a [`FoldMap`] reads: `x` and `y` are `[outer, reduced, inner]`, `a` and `b` `[outer, inner]`.
/// Those that the map does not use are empty.
#[derive(Clone, Copy, Default)]
pub struct Operands<'a> {
    /// One value for each element.
    pub x: &'a [f32],
    /// One value for each element.
    pub y: &'a [f32],
    /// One value for all elements that are folded together.
    pub a: &'a [f32],
    /// One value for all elements that are folded together.
    pub b: &'a [f32],
}

/// A function of an element and of values shared by all elements that are folded together.
pub trait FoldMap: Copy + Send + Sync {
    /// Whether the map uses `x`.
    const READS_X: bool = true;
    /// Whether the map uses `y`.
    const READS_Y: bool = false;
    /// Whether the map uses `a`.
    const READS_A: bool = false;
    /// Whether the map uses `b`.
    const READS_B: bool = false;
    /// Nanoseconds for eight elements, to decide whether threads are worth their cost.
    const COST: usize = 2;

    /// The function of the values in each lane.
    fn map<V: Vector>(self, x: V, y: V, a: V, b: V) -> V;
}

/// The element itself.
#[derive(Clone, Copy)]
pub struct Identity;

impl FoldMap for Identity {
    #[inline(always)]
    fn map<V: Vector>(self, x: V, _: V, _: V, _: V) -> V {
        x
    }
}

/// `(x - a)²`: around a mean, the terms of a variance.
#[derive(Clone, Copy)]
pub struct SquaredDistance;

impl FoldMap for SquaredDistance {
    const READS_A: bool = true;

    #[inline(always)]
    fn map<V: Vector>(self, x: V, _: V, a: V, _: V) -> V {
        let distance = x.sub(a);
        distance.mul(distance)
    }
}

/// Elements of one task: 128 KiB.
pub(super) const TASK: usize = 32 * 1024;
/// The most columns of one task.
const COLUMNS: usize = 1024;

/// `out[o, i] = combine over r of map(x[o, r, i], y[o, r, i], a[o, i], b[o, i])`.
pub fn fold<C: Combine, M: FoldMap>(
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
    if extent.input() <= TASK && inner <= COLUMNS {
        // One task, as it would follow below, without the arithmetic.
        let part = FoldRange { first: 0, start: 0, rows: reduced, column: 0, length: inner };
        return dispatch(FoldPart::<C, M> {
            map,
            extent,
            operands,
            part,
            out,
            combine: PhantomData,
        });
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
fn fold_pieces<C: Combine, M: FoldMap>(
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
        let part = FoldRange { first, start, rows: step.min(reduced - start), column, length };
        dispatch(FoldPart::<C, M> { map, extent, operands, part, out, combine: PhantomData });
    });
}

pub(super) fn work<M: FoldMap>(extent: Extent) -> usize {
    extent.input() * M::COST / 8
}

/// Panics unless every operand that `M` reads has its size: the kernels rely on it.
pub(super) fn check_operands<M: FoldMap>(extent: Extent, operands: &Operands) {
    assert!(!M::READS_X || operands.x.len() == extent.input());
    assert!(!M::READS_Y || operands.y.len() == extent.input());
    assert!(!M::READS_A || operands.a.len() == extent.output());
    assert!(!M::READS_B || operands.b.len() == extent.output());
}

/// The sum of each column of a `[rows, columns]` matrix: the gradient of a bias.
pub fn column_sums(rows: usize, columns: usize, x: &[f32], out: &mut [f32]) {
    let extent = Extent { outer: 1, reduced: rows, inner: columns };
    fold(Sum, Identity, extent, Operands { x, ..Operands::default() }, out);
}
