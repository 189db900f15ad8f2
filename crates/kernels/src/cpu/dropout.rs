//! Dropout: which values are kept is a hash of a key and their place, so that nothing is stored
//! for the backward pass and the result does not depend on threads.

use super::isa::{Kernel, dispatch};
use super::vector::Vector;
use crate::threads::parallel_chunks;

const CHUNK: usize = 8192;
/// Nanoseconds for 1024 elements on one core.
const COST: usize = 600;

/// Keeps each of `x`, multiplied by `scale`, unless its hash under `key` is below `drop_below`.
pub fn dropout(x: &[f32], key: u64, drop_below: u32, scale: f32, out: &mut [f32]) {
    assert_eq!(x.len(), out.len(), "lengths of dropout");
    let work = x.len() / 1024 * COST;
    parallel_chunks(out, CHUNK, work, |start, out| {
        let x = &x[start..start + out.len()];
        dispatch(Chunk { x, start: start as u64, key, drop_below, scale, out });
    });
}

struct Chunk<'a> {
    x: &'a [f32],
    start: u64,
    key: u64,
    drop_below: u32,
    scale: f32,
    out: &'a mut [f32],
}

impl Kernel for Chunk<'_> {
    type Output = ();

    /// Plain integer arithmetic, which the compiler vectorises for each instruction set.
    #[inline(always)]
    fn run<V: Vector>(self) {
        // A chunk never crosses a multiple of 2^32, as its length divides that.
        let high = (self.start >> 32) as u32;
        let (key, salt) = (self.key as u32 ^ high, (self.key >> 32) as u32);
        let mut place = self.start as u32;
        for (out, &x) in self.out.iter_mut().zip(self.x) {
            let kept = hash(place, key, salt) >= self.drop_below;
            *out = if kept { x * self.scale } else { 0.0 };
            place = place.wrapping_add(1);
        }
    }
}

/// A bijection of 32 bits by two rounds of multiply and shift, keyed before each.
#[inline(always)]
fn hash(place: u32, key: u32, salt: u32) -> u32 {
    let mut h = place.wrapping_mul(0x9e37_79b9) ^ key;
    h = (h ^ (h >> 16)).wrapping_mul(0x21f0_aaad);
    h = h.wrapping_add(salt);
    h = (h ^ (h >> 15)).wrapping_mul(0x735a_2d97);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "too much work for an interpreter")]
    fn the_right_share_is_dropped_without_pattern() {
        let n = 1 << 20;
        let run = |key: u64| {
            let mut out = vec![0.0; n];
            dropout(&vec![1.0; n], key, u32::MAX / 4, 1.0, &mut out);
            out
        };
        let (first, second) = (run(0x1234_5678_9abc_def0), run(0x1234_5678_9abc_def1));
        let share = |kept: &mut dyn Iterator<Item = f32>| kept.sum::<f32>() / n as f32;
        assert!((share(&mut first.iter().copied()) - 0.75).abs() < 2e-3);
        // Neighbours at any small distance, and neighbouring keys, are independent.
        for distance in [1, 2, 3, 16, 100, 4096] {
            let both = share(&mut first.iter().zip(&first[distance..]).map(|(a, b)| a * b));
            assert!((both - 0.5625).abs() < 4e-3, "{distance}: {both}");
        }
        let both = share(&mut first.iter().zip(&second).map(|(a, b)| a * b));
        assert!((both - 0.5625).abs() < 3e-3, "{both}");
    }
}
