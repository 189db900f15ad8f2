//! How vectors are read, written and summed, against its definition.

use super::tests::on_each;
use super::*;
use crate::cpu::isa::Kernel;
use crate::random::Rng;

#[derive(Clone, Copy)]
struct Transpose<'a>(&'a [f32], [usize; 2]);

impl Kernel for Transpose<'_> {
    type Output = (usize, Vec<f32>);

    #[inline(always)]
    fn run<V: Vector>(self) -> Self::Output {
        let Self(source, [source_stride, target_stride]) = self;
        let mut target = vec![0.0; (V::LANES - 1) * target_stride + V::LANES];
        assert!(source.len() >= (V::LANES - 1) * source_stride + V::LANES);
        // SAFETY: the last of `LANES` rows ends within both.
        unsafe { V::transpose(source.as_ptr(), source_stride, target.as_mut_ptr(), target_stride) };
        (V::LANES, target)
    }
}

#[test]
fn transposes_are_written_row_by_row() {
    let source: Vec<f32> = (0..400).map(|i| i as f32).collect();
    for strides in [[16, 16], [19, 17], [17, 5], [3, 1]] {
        for (lanes, target) in on_each(Transpose(&source, strides)) {
            let mut want = vec![0.0; target.len()];
            for i in 0..lanes {
                for j in 0..lanes {
                    want[i * strides[1] + j] = source[j * strides[0] + i];
                }
            }
            assert_eq!(target, want, "{strides:?}");
        }
    }
}

/// Bytes, `1` of them at a time.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8], usize);

impl Kernel for Bytes<'_> {
    type Output = (Vec<f32>, Vec<u8>);

    #[inline(always)]
    fn run<V: Vector>(self) -> Self::Output {
        let (mut values, mut bytes) = (Vec::new(), vec![0; self.0.len()]);
        let count = self.1.min(V::LANES);
        for (from, to) in self.0.chunks(count).zip(bytes.chunks_mut(count)) {
            let (source, target) = (from.as_ptr(), to.as_mut_ptr());
            // SAFETY: chunks of as many bytes.
            let lanes = unsafe {
                if from.len() == V::LANES {
                    V::load_bytes(source)
                } else {
                    V::load_bytes_part(source, from.len())
                }
            };
            let array = lanes.to_array();
            let (some, none) = array.split_at(from.len());
            assert!(none.iter().all(|&x| x == 0.0));
            values.extend_from_slice(some);
            // SAFETY: as above.
            unsafe {
                if to.len() == V::LANES {
                    lanes.store_bytes(target);
                } else {
                    lanes.store_bytes_part(target, to.len());
                }
            }
        }
        (values, bytes)
    }
}

#[test]
fn bytes_become_numbers_and_back() {
    let bytes: Vec<u8> = (0..=255).collect();
    for count in (1..=16).step_by(if cfg!(miri) { 7 } else { 1 }) {
        for (values, back) in on_each(Bytes(&bytes, count)) {
            assert!(values.iter().zip(&bytes).all(|(x, b)| *x == f32::from(*b)));
            assert_eq!((values.len(), back), (256, bytes.clone()));
        }
    }
}

#[derive(Clone, Copy)]
struct Sum<'a>(&'a [f32]);

impl Kernel for Sum<'_> {
    type Output = (usize, f32);

    #[inline(always)]
    fn run<V: Vector>(self) -> (usize, f32) {
        assert!(self.0.len() >= V::LANES);
        // SAFETY: as many values are there.
        (V::LANES, unsafe { V::load(self.0.as_ptr()) }.sum())
    }
}

/// Vectors of one width sum in one order, so that only fused products part their bits.
#[test]
fn eight_lanes_are_summed_in_one_order() {
    let mut rng = Rng::new(4);
    for _ in 0..100 {
        let values: Vec<f32> = (0..16).map(|_| rng.normal()).collect();
        let a = &values;
        let eight = ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
        for (lanes, sum) in on_each(Sum(&values)) {
            let exact: f64 = values[..lanes].iter().map(|&x| f64::from(x)).sum();
            assert!((f64::from(sum) - exact).abs() < 1e-5, "{sum} {exact}");
            assert!(lanes != 8 || sum.to_bits() == eight.to_bits(), "{sum} {eight}");
        }
    }
}

#[derive(Clone, Copy)]
struct Quotient<'a>(&'a [f32], &'a [f32]);

impl Kernel for Quotient<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Vec<f32> {
        let mut out = vec![0.0; self.0.len()];
        let pairs = self.0.chunks_exact(V::LANES).zip(self.1.chunks_exact(V::LANES));
        for ((a, b), out) in pairs.zip(out.chunks_exact_mut(V::LANES)) {
            // SAFETY: chunks of as many values.
            unsafe {
                V::load(a.as_ptr()).quotient(V::load(b.as_ptr())).store(out.as_mut_ptr());
            }
        }
        out
    }
}

#[test]
fn quotients_are_within_a_unit_in_the_last_place() {
    let mut rng = Rng::new(9);
    let count = if cfg!(miri) { 64 } else { 1 << 16 };
    let a: Vec<f32> = (0..count).map(|_| rng.normal() * 3.0).collect();
    let mut b: Vec<f32> = a.iter().map(|_| 1.0 + rng.uniform()).collect();
    (b[0], b[1], b[2]) = (1.0, 2.0, f32::NAN);
    for quotients in on_each(Quotient(&a, &b)) {
        assert!(quotients[2].is_nan());
        for ((a, b), got) in a.iter().zip(&b).zip(&quotients).skip(3) {
            let want = a / b;
            let unit = f32::EPSILON * want.abs();
            assert!((got - want).abs() <= unit, "{a} / {b} = {got}, want {want}");
        }
    }
}
