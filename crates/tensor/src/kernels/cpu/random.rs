//! Many random numbers at once: the loops of [`crate::random`], compiled for the machine's vectors.
//!
//! The arithmetic is that of single draws, operation by operation without fused multiply-adds, so
//! that a seed gives the same numbers on every machine.

use super::isa::{Kernel, dispatch};
use super::vector::Vector;
use crate::kernels::threads::parallel_chunks;
use crate::random::{bits, normal_of, uniform_of};

/// Values of a task.
const CHUNK: usize = 8192;

/// What is drawn.
#[derive(Clone, Copy)]
pub(crate) enum Draw {
    /// `low + (high - low) · u` with `u` uniform in `[0, 1)`: one draw a value.
    Range { low: f32, high: f32 },
    /// Standard normal: two draws a value.
    Normal,
}

impl Draw {
    /// Draws of a value.
    pub(crate) fn each(self) -> u64 {
        match self {
            Self::Range { .. } => 1,
            Self::Normal => 2,
        }
    }
}

/// Fills `out` with the values that the draws after number `counter` of the stream `key` give.
pub(crate) fn fill(key: u64, counter: u64, draw: Draw, out: &mut [f32]) {
    parallel_chunks(out, CHUNK, out.len() * 2, |start, out| {
        dispatch(Fill { key, counter: counter + draw.each() * start as u64, draw, out });
    });
}

struct Fill<'a> {
    key: u64,
    counter: u64,
    draw: Draw,
    out: &'a mut [f32],
}

impl Kernel for Fill<'_> {
    type Output = ();

    /// The compiler makes vectors of plain loops here.
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { key, counter, draw, out } = self;
        match draw {
            Draw::Range { low, high } => {
                for (index, out) in out.iter_mut().enumerate() {
                    *out = low + (high - low) * uniform_of(bits(key, counter + 1 + index as u64));
                }
            }
            Draw::Normal => {
                for (index, out) in out.iter_mut().enumerate() {
                    let first = counter + 1 + 2 * index as u64;
                    *out = normal_of(bits(key, first), bits(key, first + 1));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Rng;
    use crate::kernels::cpu::isa::on_each_isa;
    use crate::threads::with_count;

    #[test]
    fn many_at_once_are_those_of_single_draws() {
        for length in [0, 1, 7, 16, 100, 20_000] {
            let (mut all, mut single) = (Rng::new(5), Rng::new(5));
            let mut range = vec![0.0; length];
            let mut normal = vec![0.0; length];
            let mut fill = |all: &mut Rng| {
                all.fill_range(-0.25, 1.5, &mut range);
                all.fill_normal(&mut normal);
                (range.clone(), normal.clone())
            };
            let expected: (Vec<f32>, Vec<f32>) = (
                (0..length).map(|_| single.range(-0.25, 1.5)).collect(),
                (0..length).map(|_| single.normal()).collect(),
            );
            assert_eq!(with_count(3, || fill(&mut all)), expected, "{length}");
            assert_eq!(all, single);
            for filled in on_each_isa(|| fill(&mut Rng::new(5))) {
                assert_eq!(filled, expected, "{length}");
            }
        }
    }
}
