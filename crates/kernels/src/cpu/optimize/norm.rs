//! Norms and scaling of gradients.

use crate::cpu::isa::{Kernel, dispatch};
use crate::cpu::vector::Vector;

/// Values summed in single precision before they join the double-precision total.
const BLOCK: usize = 1024;

/// The norm `(Σ|x|ᵖ)^(1/p)` of order `order`, or the largest magnitude for an infinite one; NaN
/// where any value is.
pub fn norm(values: &[f32], order: f64) -> f64 {
    if order == 2.0 {
        return values.chunks(BLOCK).map(square_sum).sum::<f64>().sqrt();
    }
    let magnitudes = values.iter().map(|&x| f64::from(x).abs());
    if order.is_infinite() {
        return magnitudes.fold(0.0, |m, x| if x > m || x.is_nan() { x } else { m });
    }
    magnitudes.map(|x| x.powf(order)).sum::<f64>().powf(1.0 / order)
}

/// The sum of the squares of at most [`BLOCK`] values.
pub(super) fn square_sum(block: &[f32]) -> f64 {
    dispatch(SquareSum(block))
}

/// Sums of squares below this may have lost terms that single precision flushes to 0.
const SMALLEST: f64 = 1e-28;

struct SquareSum<'a>(&'a [f32]);

impl Kernel for SquareSum<'_> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Vector>(self) -> f64 {
        let mut lanes = self.0.chunks_exact(V::LANES);
        let (mut even, mut odd) = (V::zero(), V::zero());
        let mut is_odd = false;
        for chunk in &mut lanes {
            // SAFETY: a chunk has `LANES` values.
            let x = unsafe { V::load(chunk.as_ptr()) };
            if is_odd {
                odd = x.mul_add(x, odd)
            } else {
                even = x.mul_add(x, even)
            }
            is_odd = !is_odd;
        }
        let rest: f64 = lanes.remainder().iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        let sum = f64::from(even.add(odd).sum());
        if (SMALLEST..f64::INFINITY).contains(&sum) {
            return sum + rest;
        }
        // Squares beyond the single-precision range: large gradients are what norms are for, and
        // small ones have a norm too.
        self.0.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
    }
}

/// `values ← factor · values`.
pub fn scale(values: &mut [f32], factor: f32) {
    struct Scale<'a>(&'a mut [f32], f32);
    impl Kernel for Scale<'_> {
        type Output = ();

        #[inline(always)]
        fn run<V: Vector>(self) {
            self.0.iter_mut().for_each(|x| *x *= self.1);
        }
    }
    dispatch(Scale(values, factor));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_of_every_order() {
        let values: Vec<f32> = (0..3001).map(|i| (i % 7) as f32 - 3.0).collect();
        for order in [1.0, 2.0, 3.0] {
            let sum: f64 = values.iter().map(|&x| f64::from(x).abs().powf(order)).sum();
            let expected = sum.powf(1.0 / order);
            assert!((norm(&values, order) / expected - 1.0).abs() < 1e-6);
        }
        assert_eq!(norm(&values, f64::INFINITY), 3.0);
        assert!(norm(&[1.0, f32::NAN], f64::INFINITY).is_nan());
        assert!(norm(&[1.0, f32::NAN], 2.0).is_nan());
        assert!((norm(&[3e30; 16], 2.0) / 1.2e31 - 1.0).abs() < 1e-6);
        assert!((norm(&[3e-30; 16], 2.0) / 1.2e-29 - 1.0).abs() < 1e-6);
        assert_eq!(norm(&[0.0; 16], 2.0), 0.0);
    }

    #[test]
    fn scaling() {
        let mut values = [1.0, -2.0, 3.0];
        scale(&mut values, 0.5);
        assert_eq!(values, [0.5, -1.0, 1.5]);
    }
}
