//! What a draw of [`crate::random`] is, and many of them at once, compiled for the machine's
//! vectors.
//!
//! The arithmetic is that of single draws, operation by operation without fused multiply-adds, so
//! that a seed gives the same numbers on every machine.

use std::f64::consts::{LN_2, TAU};

use super::isa::{Kernel, dispatch};
use super::vector::Vector;
use crate::threads::parallel_chunks;

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

/// Draw number `counter` of a stream.
#[inline(always)]
pub(crate) fn bits(key: u64, counter: u64) -> u64 {
    mix(key.wrapping_add(counter.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// Uniform in `[0, 1)`, 24 bits.
#[inline(always)]
pub(crate) fn uniform_of(bits: u64) -> f32 {
    (bits >> 40) as f32 * (1.0 / (1 << 24) as f32)
}

/// Standard normal, of two draws (Box and Muller 1958).
#[inline(always)]
pub(crate) fn normal_of(first: u64, second: u64) -> f32 {
    let radius = logarithm(1.0 - unit(first)) * -2.0;
    (radius.sqrt() * cosine_of_turn(unit(second))) as f32
}

/// Uniform in `[0, 1)`, 53 bits.
#[inline(always)]
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// The natural logarithm of a positive normal number, within 1e-13: of `2^e · m` with `m` around
/// 1, whose logarithm is the series of `2 artanh((m - 1) / (m + 1))`.
#[inline(always)]
fn logarithm(x: f64) -> f64 {
    const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    let exponent = (x.to_bits().wrapping_sub(ROOT_HALF) as i64) >> 52;
    let m = f64::from_bits(x.to_bits().wrapping_sub((exponent << 52) as u64));
    let f = (m - 1.0) / (m + 1.0);
    let s = f * f;
    let series = [15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0];
    let mut sum = 1.0 / 17.0;
    for odd in series {
        sum = sum * s + 1.0 / odd;
    }
    exponent as f64 * LN_2 + 2.0 * f * sum
}

/// `cos(2π t)` for `t` in `[0, 1)`, within 1e-13: a sine of an angle between `±π/2`, by its series.
#[inline(always)]
fn cosine_of_turn(t: f64) -> f64 {
    let y = ((t - 0.5).abs() - 0.25) * TAU;
    let s = y * y;
    let mut sum = 1.0;
    for step in [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0] {
        sum = 1.0 - sum * s * (1.0 / (2.0 * step * (2.0 * step + 1.0)));
    }
    y * sum
}

/// The finaliser of SplitMix64.
#[inline(always)]
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::isa::on_each_isa;
    use crate::random::Rng;
    use crate::threads::with_count;

    #[test]
    fn many_at_once_are_those_of_single_draws() {
        for length in [0, 1, 7, 16, 100, 20_000].into_iter().take(if cfg!(miri) { 5 } else { 6 }) {
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

    #[test]
    fn elementary_functions_of_normals() {
        let mut rng = Rng::new(3);
        for _ in 0..if cfg!(miri) { 100 } else { 100_000 } {
            let x = 1.0 - (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
            let x = if rng.below(2) == 0 { x } else { x * 1e-9 };
            assert!((logarithm(x) - x.ln()).abs() <= 1e-13 * x.ln().abs(), "{x:e}");
            assert!((cosine_of_turn(x) - (x * TAU).cos()).abs() < 1e-13, "{x:e}");
        }
        assert_eq!(logarithm(1.0), 0.0);
        assert_eq!(cosine_of_turn(0.25), 0.0);
        // The largest normal that two draws can give.
        assert!(normal_of(u64::MAX, 0) > 8.5);
    }
}
