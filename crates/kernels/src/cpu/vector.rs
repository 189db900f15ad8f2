//! The vector of `f32` lanes that kernels are written over.

/// Beside so large a number no fraction is kept, and whole numbers stand in the lowest bits.
pub(crate) const NO_FRACTION: f32 = 1.5 * (1u32 << 23) as f32;

/// Added to a whole `n` from -126 to 127, it leaves the exponent field of `2^n`, `n + 127`, in the
/// lowest bits of the sum.
pub(crate) const EXPONENT_IN_LOWEST_BITS: f32 = NO_FRACTION + 127.0;

/// A few `f32` values that are computed together.
///
/// A type of this kind may only be used inside `isa::dispatch` for its instruction set;
/// its methods are safe on that condition.
pub trait Vector: Copy + Send + Sync + 'static {
    /// How many values.
    const LANES: usize;

    /// Rows of the largest register tile (`tile`): two sums a row, two vectors of the
    /// panel and one of the left operand must fit the registers.
    const TILE_ROWS: usize;

    /// All lanes `x`.
    fn splat(x: f32) -> Self;

    /// Reads `LANES` values.
    ///
    /// # Safety
    /// `source` must be readable for `LANES` values; no alignment is needed.
    unsafe fn load(source: *const f32) -> Self;

    /// Writes `LANES` values.
    ///
    /// # Safety
    /// `target` must be writable for `LANES` values; no alignment is needed.
    unsafe fn store(self, target: *mut f32);

    /// Reads the first `count <= LANES` values, zeros in the other lanes.
    ///
    /// # Safety
    /// `source` must be readable for `count` values.
    unsafe fn load_part(source: *const f32, count: usize) -> Self;

    /// Writes the first `count <= LANES` values.
    ///
    /// # Safety
    /// `target` must be writable for `count` values.
    unsafe fn store_part(self, target: *mut f32, count: usize);

    /// Reads the first `count <= LANES` values, which may be all, zeros in the other lanes.
    ///
    /// # Safety
    /// `source` must be readable for `count` values.
    #[inline(always)]
    unsafe fn load_up_to(source: *const f32, count: usize) -> Self {
        // SAFETY: by this method's contract.
        unsafe {
            if count == Self::LANES { Self::load(source) } else { Self::load_part(source, count) }
        }
    }

    /// Writes the first `count <= LANES` values, which may be all.
    ///
    /// # Safety
    /// `target` must be writable for `count` values.
    #[inline(always)]
    unsafe fn store_up_to(self, target: *mut f32, count: usize) {
        // SAFETY: by this method's contract.
        unsafe {
            if count == Self::LANES { self.store(target) } else { self.store_part(target, count) }
        }
    }

    /// Writes the transpose of a block of `LANES` × `LANES` values: row by row of the result,
    /// first to last, so that rows closer than `LANES` overwrite the ends of earlier ones.
    ///
    /// # Safety
    /// `LANES` values from `source.add(i * source_stride)` must be readable and from
    /// `target.add(i * target_stride)` writable for every `i` below `LANES`.
    #[inline(always)]
    unsafe fn transpose(
        source: *const f32,
        source_stride: usize,
        target: *mut f32,
        target_stride: usize,
    ) {
        for i in 0..Self::LANES {
            for j in 0..Self::LANES {
                // SAFETY: both lie within the blocks of this method's contract.
                unsafe {
                    *target.add(i * target_stride + j) = *source.add(j * source_stride + i);
                }
            }
        }
    }

    /// Reads `LANES` bytes as the numbers 0 to 255.
    ///
    /// # Safety
    /// `source` must be readable for `LANES` bytes.
    unsafe fn load_bytes(source: *const u8) -> Self;

    /// Writes lanes that hold whole numbers from 0 to 255 as bytes.
    ///
    /// # Safety
    /// `target` must be writable for `LANES` bytes.
    unsafe fn store_bytes(self, target: *mut u8);

    /// Reads `count` bytes (at most `LANES`) as the numbers 0 to 255; the other lanes are 0.
    ///
    /// # Safety
    /// `source` must be readable for `count` bytes.
    #[inline(always)]
    unsafe fn load_bytes_part(source: *const u8, count: usize) -> Self {
        let mut bytes = [0u8; 16];
        // SAFETY: by this method's contract; `bytes` has room for any vector.
        unsafe {
            bytes.as_mut_ptr().copy_from_nonoverlapping(source, count);
            Self::load_bytes(bytes.as_ptr())
        }
    }

    /// Writes the first `count` lanes (at most `LANES`), whole numbers from 0 to 255, as bytes.
    ///
    /// # Safety
    /// `target` must be writable for `count` bytes.
    #[inline(always)]
    unsafe fn store_bytes_part(self, target: *mut u8, count: usize) {
        let mut bytes = [0u8; 16];
        // SAFETY: by this method's contract; `bytes` has room for any vector.
        unsafe {
            self.store_bytes(bytes.as_mut_ptr());
            target.copy_from_nonoverlapping(bytes.as_ptr(), count);
        }
    }

    /// Reads `LANES` half-precision numbers (`half`).
    ///
    /// # Safety
    /// `source` must be readable for `LANES` values of 16 bits.
    unsafe fn load_half(source: *const u16) -> Self;

    /// `self + other`.
    fn add(self, other: Self) -> Self;
    /// `self - other`.
    fn sub(self, other: Self) -> Self;
    /// `self * other`.
    fn mul(self, other: Self) -> Self;
    /// `self / other`.
    fn div(self, other: Self) -> Self;
    /// `self * factor + term`, rounded once where the machine can.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `self / divisor` for divisors from ½ to 2, where the machine has something faster than
    /// division: within a unit in the last place.
    #[inline(always)]
    fn quotient(self, divisor: Self) -> Self {
        self.div(divisor)
    }
    /// The square root.
    fn sqrt(self) -> Self;
    /// To the nearest integer, ties to even.
    fn round(self) -> Self;
    /// To the largest integer that is not above.
    fn floor(self) -> Self;
    /// The larger; `other` where either is NaN or both are zeros.
    fn max(self, other: Self) -> Self;
    /// The smaller; `other` where either is NaN or both are zeros.
    fn min(self, other: Self) -> Self;

    /// Lanes of all ones where `self < other`, else zeros (false for NaN).
    fn lt(self, other: Self) -> Self;
    /// Lanes of all ones where `self <= other`, else zeros (false for NaN).
    fn le(self, other: Self) -> Self;
    /// Lanes of all ones where equal, else zeros (false for NaN).
    fn eq(self, other: Self) -> Self;
    /// `self & other`, bit by bit.
    fn and(self, other: Self) -> Self;
    /// `self | other`, bit by bit.
    fn or(self, other: Self) -> Self;
    /// `self ^ other`, bit by bit.
    fn xor(self, other: Self) -> Self;
    /// `!self & other`.
    fn and_not(self, other: Self) -> Self;
    /// `mask` lanes (from a comparison) choose `yes`, others `no`.
    fn select(mask: Self, yes: Self, no: Self) -> Self;

    /// The number whose exponent field is the lowest bits of each lane; higher ones count for
    /// nothing.
    fn exponent_from_lowest_bits(self) -> Self;
    /// `2^n` for lanes that hold whole numbers from -126 to 127.
    #[inline(always)]
    fn exp2_of_whole(self) -> Self {
        self.add(Self::splat(EXPONENT_IN_LOWEST_BITS)).exponent_from_lowest_bits()
    }
    /// For positive normal lanes: the exponent `e` and the fraction in `[1, 2)` of `f * 2^e`.
    fn split_exponent(self) -> (Self, Self);

    /// The sum of all lanes, in a fixed order.
    fn sum(self) -> f32;
    /// Lane by lane as an array; `LANES` values are set.
    fn to_array(self) -> [f32; 16];

    /// All lanes 0.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }

    /// `-self`.
    #[inline(always)]
    fn neg(self) -> Self {
        self.xor(Self::splat(-0.0))
    }

    /// The magnitude.
    #[inline(always)]
    fn abs(self) -> Self {
        Self::splat(-0.0).and_not(self)
    }
}

/// Values of a cache line.
pub(crate) const LINE: usize = 16;

/// Asks for the cache line at `address`, which may be any, before it is used.
#[inline(always)]
pub(crate) fn prefetch(address: *const f32) {
    // SAFETY: a prefetch is a hint that never faults; SSE is part of every x86-64.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    // SAFETY: a hint that never faults, as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "prfm pldl1keep, [{}]",
            in(reg) address.addr(),
            options(nomem, nostack, preserves_flags),
        );
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = address;
}

/// Asks for all of `values`, which another thread may just have written, in one go rather than
/// line by line as they are met.
#[inline(always)]
pub(crate) fn prefetch_all(values: &[f32]) {
    values.iter().step_by(LINE).for_each(|value| prefetch(value));
}

#[cfg(test)]
mod memory_tests;
#[cfg(test)]
mod tests;
