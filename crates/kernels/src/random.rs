//! Random numbers as pure functions of (seed, stream, index), so that a result never depends on
//! threads or on where a run was interrupted. Nor does it depend on the machine or its mathematical
//! library: all arithmetic here is plain.

use crate::cpu::random::{Draw, bits, fill, mix, normal_of, uniform_of};

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
    /// # use glassbox_kernels::Rng;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "too much work for an interpreter")]
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
