//! Four lanes as a plain array: what every machine can run. The compiler makes the usual registers of
//! 128 bits of them; more lanes would take it longer than they gain.

use super::half::from_half;
use super::vector::Vector;

#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; LANES]);

const LANES: usize = 4;

#[inline(always)]
fn from_bit(set: bool) -> f32 {
    f32::from_bits(if set { u32::MAX } else { 0 })
}

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }

    #[inline(always)]
    fn zip_bits(self, other: Self, f: impl Fn(u32, u32) -> u32) -> Self {
        self.zip(other, |a, b| f32::from_bits(f(a.to_bits(), b.to_bits())))
    }
}

impl Vector for Portable {
    const LANES: usize = LANES;
    /// Few, for the same reason.
    const TILE_ROWS: usize = 2;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([x; LANES])
    }

    #[inline(always)]
    unsafe fn load(source: *const f32) -> Self {
        // SAFETY: four readable values by this method's contract.
        Self(unsafe { source.cast::<[f32; LANES]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut f32) {
        // SAFETY: four writable values by this method's contract.
        unsafe { target.cast::<[f32; LANES]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn load_part(source: *const f32, count: usize) -> Self {
        let mut lanes = [0.0; LANES];
        // SAFETY: `count` readable values by this method's contract, at most `LANES`.
        lanes[..count].copy_from_slice(unsafe { std::slice::from_raw_parts(source, count) });
        Self(lanes)
    }

    #[inline(always)]
    unsafe fn store_part(self, target: *mut f32, count: usize) {
        // SAFETY: `count` writable values by this method's contract, at most `LANES`.
        unsafe { std::slice::from_raw_parts_mut(target, count) }.copy_from_slice(&self.0[..count]);
    }

    #[inline(always)]
    unsafe fn load_half(source: *const u16) -> Self {
        // SAFETY: four readable values by this method's contract.
        Self(unsafe { source.cast::<[u16; LANES]>().read_unaligned() }.map(from_half))
    }

    #[inline(always)]
    unsafe fn load_bytes(source: *const u8) -> Self {
        // SAFETY: four readable bytes by this method's contract.
        Self(unsafe { source.cast::<[u8; LANES]>().read_unaligned() }.map(f32::from))
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8) {
        // SAFETY: four writable bytes by this method's contract.
        unsafe { target.cast::<[u8; LANES]>().write_unaligned(self.0.map(|x| x as u8)) };
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }

    /// Rounded twice: `f32::mul_add` is a slow library call on machines without the instruction.
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] * factor.0[i] + term.0[i]))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.map(f32::sqrt))
    }

    #[inline(always)]
    fn round(self) -> Self {
        Self(self.0.map(f32::round_ties_even))
    }

    #[inline(always)]
    fn floor(self) -> Self {
        Self(self.0.map(f32::floor))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn lt(self, other: Self) -> Self {
        self.zip(other, |a, b| from_bit(a < b))
    }

    #[inline(always)]
    fn le(self, other: Self) -> Self {
        self.zip(other, |a, b| from_bit(a <= b))
    }

    #[inline(always)]
    fn eq(self, other: Self) -> Self {
        self.zip(other, |a, b| from_bit(a == b))
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.zip_bits(other, |a, b| a & b)
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.zip_bits(other, |a, b| a | b)
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.zip_bits(other, |a, b| a ^ b)
    }

    #[inline(always)]
    fn and_not(self, other: Self) -> Self {
        self.zip_bits(other, |a, b| !a & b)
    }

    #[inline(always)]
    fn select(mask: Self, yes: Self, no: Self) -> Self {
        let pick = |i: usize| if mask.0[i].to_bits() >> 31 == 1 { yes.0[i] } else { no.0[i] };
        Self(std::array::from_fn(pick))
    }

    #[inline(always)]
    fn exponent_from_lowest_bits(self) -> Self {
        Self(self.0.map(|x| f32::from_bits(x.to_bits() << 23)))
    }

    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        let bits = self.0.map(f32::to_bits);
        (
            Self(bits.map(|b| ((b >> 23) as i32 - 127) as f32)),
            Self(bits.map(|b| f32::from_bits(b & 0x007f_ffff | 0x3f80_0000))),
        )
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let a = self.0;
        (a[0] + a[2]) + (a[1] + a[3])
    }

    #[inline(always)]
    fn to_array(self) -> [f32; 16] {
        let mut array = [0.0; 16];
        array[..LANES].copy_from_slice(&self.0);
        array
    }
}
