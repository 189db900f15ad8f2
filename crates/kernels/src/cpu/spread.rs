//! The way back from a fold: every element of `[outer, reduced, inner]` computed from its own
//! operands and from those that it shares along the folded axis.

use super::isa::{Kernel, dispatch};
use super::reduce::{Extent, FoldMap, Operands, TASK, check_operands, work};
use super::vector::Vector;
use crate::shared_mut::SharedMut;
use crate::threads::parallel_for;

/// `out[o, r, i] = map(x[o, r, i], y[o, r, i], a[o, i], b[o, i])`.
pub fn spread<M: FoldMap>(map: M, extent: Extent, operands: Operands, out: &mut [f32]) {
    check_operands::<M>(extent, &operands);
    assert_eq!(out.len(), extent.input());
    if out.is_empty() {
        return;
    }
    // A line is a run of elements with one (inner = 1) or distinct shared operands.
    let scalar = extent.inner == 1;
    let length = if scalar { extent.reduced } else { extent.inner };
    let lines = out.len() / length;
    let pieces = length.div_ceil(TASK);
    let group = (TASK / length).max(1);
    let shared = SharedMut::new(out);
    parallel_for(lines.div_ceil(group) * pieces, work::<M>(extent), |task| {
        let (line, piece) = (task / pieces * group, task % pieces);
        let (skip, lines) = (piece * TASK, group.min(lines - line));
        let (start, count) = (line * length + skip, TASK.min(length - skip));
        let size = if pieces == 1 { lines * length } else { count };
        // SAFETY: each task has its own lines, or its own piece of one line.
        let out = unsafe { shared.slice(start, size) };
        dispatch(Lines { map, extent, operands, scalar, line, skip, start, count, out });
    });
}

/// Lines from number `line`: `count` elements of each from element `skip`, the first of which is
/// element `start` of the whole.
struct Lines<'a, M> {
    map: M,
    extent: Extent,
    operands: Operands<'a>,
    scalar: bool,
    line: usize,
    skip: usize,
    start: usize,
    count: usize,
    out: &'a mut [f32],
}

impl<M: FoldMap> Kernel for Lines<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self) {
        let Operands { x, y, a, b } = self.operands;
        for (index, out) in self.out.chunks_exact_mut(self.count).enumerate() {
            let (line, length) = (self.line + index, out.len());
            let own = self.start + index * self.count;
            let x = if M::READS_X { &x[own..own + length] } else { &[] };
            let y = if M::READS_Y { &y[own..own + length] } else { &[] };
            if self.scalar {
                let a = if M::READS_A { &a[line..=line] } else { &[] };
                let b = if M::READS_B { &b[line..=line] } else { &[] };
                map_line::<V, M, false>(self.map, Operands { x, y, a, b }, out);
            } else {
                let first = line / self.extent.reduced * self.extent.inner + self.skip;
                let a = if M::READS_A { &a[first..first + length] } else { &[] };
                let b = if M::READS_B { &b[first..first + length] } else { &[] };
                map_line::<V, M, true>(self.map, Operands { x, y, a, b }, out);
            }
        }
    }
}

/// Maps one line. Operands that `M` reads are as long as `out`, except that `a` and `b` have one
/// element unless they are `DISTINCT`.
#[inline(always)]
fn map_line<V: Vector, M: FoldMap, const DISTINCT: bool>(
    map: M,
    operands: Operands,
    out: &mut [f32],
) {
    let Operands { x, y, a, b } = operands;
    let length = out.len();
    assert!(!M::READS_X || x.len() == length);
    assert!(!M::READS_Y || y.len() == length);
    assert!(!M::READS_A || a.len() == if DISTINCT { length } else { 1 });
    assert!(!M::READS_B || b.len() == if DISTINCT { length } else { 1 });
    let mut at = 0;
    while at < length {
        let count = V::LANES.min(length - at);
        // SAFETY: `count` elements from `at` exist in `out` and, as just checked, in the operands.
        unsafe {
            let x = load::<V>(M::READS_X, x, at, count);
            let y = load::<V>(M::READS_Y, y, at, count);
            let a = load_shared::<V, DISTINCT>(M::READS_A, a, at, count);
            let b = load_shared::<V, DISTINCT>(M::READS_B, b, at, count);
            let mapped = map.map(x, y, a, b);
            mapped.store_up_to(out.as_mut_ptr().add(at), count);
        }
        at += count;
    }
}

/// `count` values from `values[at]`, or zeros unless `reads`.
///
/// # Safety
/// They must exist when `reads`.
#[inline(always)]
unsafe fn load<V: Vector>(reads: bool, values: &[f32], at: usize, count: usize) -> V {
    if !reads {
        return V::zero();
    }
    // SAFETY: by this function's contract.
    unsafe { V::load_up_to(values.as_ptr().add(at), count) }
}

/// As [`load`]; the first value in all lanes unless they are `DISTINCT`.
///
/// # Safety
/// As for [`load`].
#[inline(always)]
unsafe fn load_shared<V: Vector, const DISTINCT: bool>(
    reads: bool,
    values: &[f32],
    at: usize,
    count: usize,
) -> V {
    if !DISTINCT {
        return V::splat(if reads { values[0] } else { 0.0 });
    }
    // SAFETY: by this function's contract.
    unsafe { load(reads, values, at, count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    struct Everything;

    impl FoldMap for Everything {
        const READS_Y: bool = true;
        const READS_A: bool = true;
        const READS_B: bool = true;

        #[inline(always)]
        fn map<V: Vector>(self, x: V, y: V, a: V, b: V) -> V {
            x.add(y.mul(V::splat(2.0))).add(a.mul(V::splat(4.0))).add(b.mul(V::splat(8.0)))
        }
    }

    #[test]
    fn every_element_meets_its_operands() {
        let count = |n: usize, seed: usize| -> Vec<f32> {
            (0..n).map(|i| ((i * 7 + seed) % 1001) as f32).collect()
        };
        for (outer, reduced, inner) in
            [(1, 1, 1), (7, 3, 1), (2, 40_000, 1), (3, 5, 9), (2, 3, 33_000), (300, 20, 11)]
        {
            let extent = Extent { outer, reduced, inner };
            if cfg!(miri) && extent.input() > 1000 {
                continue;
            }
            let (x, y) = (count(extent.input(), 1), count(extent.input(), 2));
            let (a, b) = (count(extent.output(), 3), count(extent.output(), 4));
            let mut out = vec![f32::NAN; extent.input()];
            spread(Everything, extent, Operands { x: &x, y: &y, a: &a, b: &b }, &mut out);
            for (i, &got) in out.iter().enumerate() {
                let shared = i / (reduced * inner) * inner + i % inner;
                assert_eq!(got, x[i] + 2.0 * y[i] + 4.0 * a[shared] + 8.0 * b[shared]);
            }
        }
    }
}
