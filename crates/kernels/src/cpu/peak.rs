//! Multiply-adds whose operands never leave the registers: the most that a core can do, against
//! which benchmarks hold the products.

use std::hint::black_box;

use super::isa::{Kernel, dispatch};
use super::vector::Vector;

/// Makes `rounds` rounds of fused multiply-adds on the calling thread, with the vectors and as many
/// independent sums as the largest register tile has. Returns the floating-point operations made,
/// two for each multiply-add of a lane.
///
/// ```
/// let operations = glassbox_kernels::cpu::peak::fused_multiply_adds(1000);
/// assert_eq!(operations % 2000, 0);
/// ```
pub fn fused_multiply_adds(rounds: u64) -> u64 {
    dispatch(MultiplyAdds { rounds })
}

struct MultiplyAdds {
    rounds: u64,
}

impl Kernel for MultiplyAdds {
    type Output = u64;

    #[inline(always)]
    fn run<V: Vector>(self) -> u64 {
        // Two sums a row of the tile.
        if const { V::TILE_ROWS >= 12 } {
            self.with_sums::<V, 24>()
        } else if const { V::TILE_ROWS >= 6 } {
            self.with_sums::<V, 12>()
        } else {
            self.with_sums::<V, 4>()
        }
    }
}

impl MultiplyAdds {
    #[inline(always)]
    fn with_sums<V: Vector, const SUMS: usize>(self) -> u64 {
        // The compiler knows neither the operands nor that nobody reads the sums.
        let (left, right) = (V::splat(black_box(0.5)), V::splat(black_box(1e-3)));
        let mut sums = [V::splat(black_box(0.0)); SUMS];
        for (index, sum) in sums.iter_mut().enumerate() {
            *sum = sum.add(V::splat(black_box(index as f32)));
        }
        for _ in 0..black_box(self.rounds) {
            for sum in &mut sums {
                *sum = left.mul_add(right, *sum);
            }
        }
        for sum in sums {
            black_box(sum.sum());
        }
        2 * self.rounds * (SUMS * V::LANES) as u64
    }
}
