//! How elements are folded: sums and extremes.

use super::super::vector::Vector;

/// How elements are folded, over a state of two vectors.
pub trait Combine: Copy + Send + Sync {
    /// The result of folding nothing.
    const EMPTY: f32;
    /// The state before the first element.
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
pub struct Sum;

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
        // Four sums, so that additions need not wait for each other.
        let mut sums = [0.0; 4];
        for (i, &x) in lanes.iter().enumerate() {
            sums[i % 4] += f64::from(x);
        }
        ((sums[0] + sums[2]) + (sums[1] + sums[3])) as f32
    }
}

/// The largest (or smallest) element, NaN if any is; the state's second vector marks NaN.
#[derive(Clone, Copy)]
pub struct Extreme<const LARGEST: bool>;

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
