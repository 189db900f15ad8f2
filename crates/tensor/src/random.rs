//! Random numbers as pure functions of (seed, stream, index), so that a result never depends on
//! threads or on where a run was interrupted. Nor does it depend on the machine or its mathematical
//! library: all arithmetic here is plain.

use std::f64::consts::{LN_2, TAU};

use crate::kernels::cpu::random::{Draw, fill};

/// A counter-based generator: value `i` of a stream is a hash of the key and `i`
/// (the SplitMix64 finaliser, Steele, Lea and Flood 2014).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng {
    key: u64,
    counter: u64,
}

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        Self { key: mix(seed ^ 0x6a09_e667_f3bc_c909), counter: 0 }
    }

    /// An independent generator for a sub-task, chosen by `stream`.
    #[must_use]
    pub fn fork(&self, stream: u64) -> Self {
        Self { key: mix(self.key.wrapping_add(mix(stream ^ 0xbb67_ae85_84ca_a73b))), counter: 0 }
    }

    /// The key that, with an element index, decides this stream's values in kernels.
    pub fn key(&self) -> u64 {
        self.key
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.counter += 1;
        bits(self.key, self.counter)
    }

    /// Uniform in `[0, 1)`, 24 random bits.
    pub fn uniform(&mut self) -> f32 {
        uniform_of(self.next_u64())
    }

    /// Uniform in `[low, high)`.
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// Uniform in `0..n`, without bias (Lemire 2019).
    ///
    /// # Panics
    /// When `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "there is no number below 0");
        let n = n as u64;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            if product as u64 >= n.wrapping_neg() % n {
                return (product >> 64) as usize;
            }
        }
    }

    /// Standard normal (Box and Muller 1958).
    pub fn normal(&mut self) -> f32 {
        let first = self.next_u64();
        normal_of(first, self.next_u64())
    }

    /// Fills `out` with what as many calls of [`Rng::range`] would give, much faster.
    pub fn fill_range(&mut self, low: f32, high: f32, out: &mut [f32]) {
        self.fill(Draw::Range { low, high }, out);
    }

    /// Fills `out` with what as many calls of [`Rng::normal`] would give, much faster.
    ///
    /// ```
    /// # use glassbox_tensor::Rng;
    /// let mut values = [0.0; 3];
    /// Rng::new(7).fill_normal(&mut values);
    /// let mut rng = Rng::new(7);
    /// assert_eq!(values, [rng.normal(), rng.normal(), rng.normal()]);
    /// ```
    pub fn fill_normal(&mut self, out: &mut [f32]) {
        self.fill(Draw::Normal, out);
    }

    fn fill(&mut self, draw: Draw, out: &mut [f32]) {
        fill(self.key, self.counter, draw, out);
        self.counter += draw.each() * out.len() as u64;
    }

    /// A random permutation of `0..n` (Fisher and Yates).
    pub fn permutation(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        self.shuffle(&mut order);
        order
    }

    /// Shuffles `items` in place.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Draw number `counter` of a stream.
#[inline(always)]
pub(crate) fn bits(key: u64, counter: u64) -> u64 {
    mix(key.wrapping_add(counter.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

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

#[inline(always)]
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_uniform_and_normal() {
        let (mut rng, n) = (Rng::new(7), 200_000);
        let mean = (0..n).map(|_| f64::from(rng.uniform())).sum::<f64>() / f64::from(n);
        assert!((mean - 0.5).abs() < 3e-3, "{mean}");
        let normals: Vec<f64> = (0..n).map(|_| f64::from(rng.normal())).collect();
        let mean = normals.iter().sum::<f64>() / f64::from(n);
        let variance = normals.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn elementary_functions_of_normals() {
        let mut rng = Rng::new(3);
        for _ in 0..100_000 {
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

    #[test]
    fn streams_differ_and_repeat() {
        let root = Rng::new(1);
        assert_eq!(root.fork(3), root.fork(3));
        assert_ne!(root.fork(3).next_u64(), root.fork(4).next_u64());
        assert_ne!(Rng::new(1).next_u64(), Rng::new(2).next_u64());
    }

    #[test]
    fn a_permutation_has_every_index_once() {
        let mut order = Rng::new(3).permutation(1000);
        assert_ne!(order[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        order.sort_unstable();
        assert!(order.iter().copied().eq(0..1000));
    }
}
