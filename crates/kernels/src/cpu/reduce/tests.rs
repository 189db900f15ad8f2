//! Folds of all extents against double precision.

use super::*;
use crate::random::Rng;
use crate::threads;

fn values(count: usize) -> Vec<f32> {
    let mut rng = Rng::new(count as u64);
    (0..count).map(|_| rng.normal() + 0.5).collect()
}

/// The last are too large for an interpreter.
fn extents() -> impl Iterator<Item = (usize, usize, usize)> {
    EXTENTS.into_iter().take(if cfg!(miri) { 3 } else { EXTENTS.len() })
}

const EXTENTS: [(usize, usize, usize); 12] = [
    (1, 1, 1),
    (3, 7, 1),
    (2, 0, 3),
    (5, 100, 1),
    (3, 17, 37),
    (1, 100_000, 1),
    (2, 70_001, 1),
    (1, 5000, 10),
    (1, 300, 2050),
    (40, 33, 3),
    (1000, 2, 1),
    (4, 2000, 70),
];

#[test]
fn sums_are_exact_to_a_rounding() {
    for (outer, reduced, inner) in extents() {
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
    for (outer, reduced, inner) in extents().filter(|e| e.1 > 0) {
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
    let count = if cfg!(miri) { 50 } else { 5000 };
    let mut x = values(count);
    x[count * 3 / 5] = f32::INFINITY;
    let mut out = [0.0];
    column_sums(count, 1, &x, &mut out);
    assert_eq!(out[0], f32::INFINITY);
}

#[test]
fn the_order_does_not_depend_on_threads() {
    for (outer, reduced, inner) in extents() {
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
