//! Every operation of the vectors of each instruction set against its definition.

use super::super::isa::{Kernel, dispatch, on_each_isa};
use super::*;
use crate::random::Rng;

/// Zeros, ties, infinities, NaN, denormals and whole numbers beyond the integers' range.
const VALUES: [f32; 24] = [
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.0,
    -1.0,
    1.5,
    2.5,
    -2.5,
    3.3,
    -7.25,
    0.499_999_97,
    8_388_609.0,
    -3e9,
    1e20,
    f32::MAX,
    f32::MIN,
    f32::MIN_POSITIVE,
    1e-40,
    -1e-45,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    f32::from_bits(0xffc0_1234),
];

/// Runs `kernel` over each kind of vectors.
pub(super) fn on_each<K: Kernel + Copy>(kernel: K) -> Vec<K::Output> {
    on_each_isa(|| dispatch(kernel))
}

/// Bit by bit, but any NaN for a NaN that arithmetic made.
fn same(got: f32, want: f32, arithmetic: bool) -> bool {
    got.to_bits() == want.to_bits() || arithmetic && got.is_nan() && want.is_nan()
}

fn mask(set: bool) -> f32 {
    f32::from_bits(if set { u32::MAX } else { 0 })
}

fn on_bits(a: f32, b: f32, f: impl Fn(u32, u32) -> u32) -> f32 {
    f32::from_bits(f(a.to_bits(), b.to_bits()))
}

type Definition = (&'static str, fn(f32, f32) -> f32, bool);

/// Names, definitions, and whether they are arithmetic, in the order of `Operations`.
const DEFINITIONS: [Definition; 19] = [
    ("add", |a, b| a + b, true),
    ("sub", |a, b| a - b, true),
    ("mul", |a, b| a * b, true),
    ("div", |a, b| a / b, true),
    ("sqrt", |a, _| a.sqrt(), true),
    ("round", |a, _| a.round_ties_even(), true),
    ("floor", |a, _| a.floor(), true),
    ("max", |a, b| if a > b { a } else { b }, false),
    ("min", |a, b| if a < b { a } else { b }, false),
    ("lt", |a, b| mask(a < b), false),
    ("le", |a, b| mask(a <= b), false),
    ("eq", |a, b| mask(a == b), false),
    ("and", |a, b| on_bits(a, b, |a, b| a & b), false),
    ("or", |a, b| on_bits(a, b, |a, b| a | b), false),
    ("xor", |a, b| on_bits(a, b, |a, b| a ^ b), false),
    ("and_not", |a, b| on_bits(a, b, |a, b| !a & b), false),
    ("select", |a, b| if a < b { a } else { b }, false),
    ("neg", |a, _| -a, false),
    ("abs", |a, _| a.abs(), false),
];

#[derive(Clone, Copy)]
struct Operations<'a>(&'a [f32], &'a [f32]);

impl Kernel for Operations<'_> {
    type Output = [Vec<f32>; DEFINITIONS.len()];

    #[inline(always)]
    fn run<V: Vector>(self) -> Self::Output {
        let mut outputs = [const { Vec::new() }; DEFINITIONS.len()];
        for (a, b) in self.0.chunks_exact(V::LANES).zip(self.1.chunks_exact(V::LANES)) {
            // SAFETY: chunks of as many values.
            let (a, b) = unsafe { (V::load(a.as_ptr()), V::load(b.as_ptr())) };
            let results = [
                a.add(b),
                a.sub(b),
                a.mul(b),
                a.div(b),
                a.sqrt(),
                a.round(),
                a.floor(),
                a.max(b),
                a.min(b),
                a.lt(b),
                a.le(b),
                a.eq(b),
                a.and(b),
                a.or(b),
                a.xor(b),
                a.and_not(b),
                V::select(a.lt(b), a, b),
                a.neg(),
                a.abs(),
            ];
            for (output, result) in outputs.iter_mut().zip(results) {
                output.extend_from_slice(&result.to_array()[..V::LANES]);
            }
        }
        outputs
    }
}

#[test]
fn operations_match_their_definitions() {
    let (a, b): (Vec<f32>, Vec<f32>) = VALUES.iter().flat_map(|&a| VALUES.map(|b| (a, b))).unzip();
    for outputs in on_each(Operations(&a, &b)) {
        for ((name, definition, arithmetic), output) in DEFINITIONS.iter().zip(outputs) {
            assert_eq!(output.len(), a.len());
            for ((&a, &b), &got) in a.iter().zip(&b).zip(&output) {
                let want = definition(a, b);
                assert!(same(got, want, *arithmetic), "{name} {a:?} {b:?}: {got:?} {want:?}");
            }
        }
    }
}

#[derive(Clone, Copy)]
struct MulAdd<'a>([&'a [f32]; 3]);

impl Kernel for MulAdd<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Vec<f32> {
        let ([a, b, c], mut output) = (self.0, Vec::new());
        for at in (0..a.len()).step_by(V::LANES) {
            let (a, b, c) = (&a[at..][..V::LANES], &b[at..][..V::LANES], &c[at..][..V::LANES]);
            // SAFETY: as many values each.
            let (a, b, c) =
                unsafe { (V::load(a.as_ptr()), V::load(b.as_ptr()), V::load(c.as_ptr())) };
            output.extend_from_slice(&a.mul_add(b, c).to_array()[..V::LANES]);
        }
        output
    }
}

#[test]
fn products_are_added_to_the_term() {
    let mut rng = Rng::new(3);
    let [a, b, c] = [(); 3].map(|()| (0..64).map(|_| rng.normal()).collect::<Vec<_>>());
    for output in on_each(MulAdd([&a, &b, &c])) {
        for (i, got) in output.iter().enumerate() {
            let (once, twice) = (a[i].mul_add(b[i], c[i]), a[i] * b[i] + c[i]);
            assert!(*got == once || *got == twice, "{got} {once} {twice}");
        }
    }
}

#[derive(Clone, Copy)]
struct Exponents<'a>(&'a [f32]);

impl Kernel for Exponents<'_> {
    /// Powers of two, and their exponents and fractions.
    type Output = [Vec<f32>; 3];

    #[inline(always)]
    fn run<V: Vector>(self) -> Self::Output {
        let mut outputs = [const { Vec::new() }; 3];
        for whole in self.0.chunks_exact(V::LANES) {
            // SAFETY: chunks of as many values.
            let power = unsafe { V::load(whole.as_ptr()) }.exp2_of_whole();
            let (exponent, fraction) = power.mul(V::splat(1.75)).split_exponent();
            for (output, result) in outputs.iter_mut().zip([power, exponent, fraction]) {
                output.extend_from_slice(&result.to_array()[..V::LANES]);
            }
        }
        outputs
    }
}

#[test]
fn exponents_are_set_and_split() {
    let whole: Vec<f32> = (-126..=127).chain([0, 1]).map(|n| n as f32).collect();
    for [power, exponent, fraction] in on_each(Exponents(&whole)) {
        assert!(power.iter().zip(&whole).all(|(p, n)| f64::from(*p) == f64::from(*n).exp2()));
        assert_eq!(exponent, whole);
        assert!(fraction.iter().all(|f| *f == 1.75) && fraction.len() == whole.len());
    }
}

#[derive(Clone, Copy)]
struct Parts<'a>(&'a [f32]);

impl Kernel for Parts<'_> {
    /// For every count: the lanes read, and what is written over nines.
    type Output = Vec<[Vec<f32>; 2]>;

    #[inline(always)]
    fn run<V: Vector>(self) -> Self::Output {
        let mut parts = Vec::new();
        for count in 0..=V::LANES {
            // A buffer of `count` values: reading more would leave it.
            let (source, mut target) = (self.0[..count].to_vec(), vec![9.0; V::LANES]);
            // SAFETY: `count` values are readable in one and writable in the other.
            let lanes = unsafe {
                V::load(self.0.as_ptr()).store_part(target.as_mut_ptr(), count);
                V::load_part(source.as_ptr(), count)
            };
            parts.push([lanes.to_array()[..V::LANES].to_vec(), target]);
        }
        parts
    }
}

#[test]
fn parts_of_vectors_leave_the_rest() {
    let values: Vec<f32> = (1..=16).map(|i| i as f32).collect();
    for parts in on_each(Parts(&values)) {
        for (count, [read, written]) in parts.iter().enumerate() {
            for i in 0..read.len() {
                let inside = i < count;
                assert_eq!(read[i], if inside { values[i] } else { 0.0 }, "{count}");
                assert_eq!(written[i], if inside { values[i] } else { 9.0 }, "{count}");
            }
        }
    }
}
