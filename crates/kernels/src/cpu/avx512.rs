//! Sixteen lanes with AVX-512 (F, BW, DQ and VL).

use std::arch::x86_64::*;

use super::vector::Vector;

#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512);

/// SAFETY for the whole file: a value of this type exists only inside `isa::dispatch`, after
/// AVX-512 was detected, so every intrinsic is supported; those that touch memory inherit the
/// contract of the method they implement.
macro_rules! intrinsics {
    ($($name:ident($($argument:ident),*) = $body:expr;)*) => {
        $(#[inline(always)]
        fn $name(self $(, $argument: Self)*) -> Self {
            // SAFETY: AVX-512 is present, see above; registers only.
            Self(unsafe { $body(self.0 $(, $argument.0)*) })
        })*
    };
}

/// Comparisons answer one bit a lane here; kernels want all bits of each.
macro_rules! comparisons {
    ($($name:ident = $condition:ident;)*) => {
        $(#[inline(always)]
        fn $name(self, other: Self) -> Self {
            // SAFETY: AVX-512 is present, see above; registers only.
            Self(unsafe {
                let lanes = _mm512_cmp_ps_mask::<$condition>(self.0, other.0);
                _mm512_castsi512_ps(_mm512_movm_epi32(lanes))
            })
        })*
    };
}

/// One bit for each of the first `count` lanes.
#[inline(always)]
fn mask(count: usize) -> __mmask16 {
    debug_assert!(count <= 16);
    ((1u32 << count) - 1) as __mmask16
}

impl Vector for Avx512 {
    const LANES: usize = 16;
    /// Of 32 registers; the left operand is broadcast from memory by the multiply-add itself.
    const TILE_ROWS: usize = 12;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        // SAFETY: AVX-512 is present, see above.
        Self(unsafe { _mm512_set1_ps(x) })
    }

    #[inline(always)]
    unsafe fn load(source: *const f32) -> Self {
        // SAFETY: sixteen readable values by this method's contract.
        Self(unsafe { _mm512_loadu_ps(source) })
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut f32) {
        // SAFETY: sixteen writable values by this method's contract.
        unsafe { _mm512_storeu_ps(target, self.0) }
    }

    #[inline(always)]
    unsafe fn load_part(source: *const f32, count: usize) -> Self {
        // SAFETY: masked-out lanes are not read.
        Self(unsafe { _mm512_maskz_loadu_ps(mask(count), source) })
    }

    #[inline(always)]
    unsafe fn store_part(self, target: *mut f32, count: usize) {
        // SAFETY: masked-out lanes are not written.
        unsafe { _mm512_mask_storeu_ps(target, mask(count), self.0) }
    }

    #[inline(always)]
    unsafe fn transpose(
        source: *const f32,
        source_stride: usize,
        target: *mut f32,
        target_stride: usize,
    ) {
        // SAFETY: reads and writes are those of this method's contract.
        unsafe {
            let mut rows = [_mm512_setzero_ps(); 16];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = _mm512_loadu_ps(source.add(i * source_stride));
            }
            // Pairs of rows, then fours, within quarters of 128 bits.
            let mut pairs = rows;
            for i in 0..8 {
                pairs[2 * i] = _mm512_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
                pairs[2 * i + 1] = _mm512_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
            }
            let mut fours = pairs;
            for i in 0..4 {
                let [a, b, c, d] =
                    [pairs[4 * i], pairs[4 * i + 1], pairs[4 * i + 2], pairs[4 * i + 3]];
                fours[4 * i] = _mm512_shuffle_ps::<0x44>(a, c);
                fours[4 * i + 1] = _mm512_shuffle_ps::<0xee>(a, c);
                fours[4 * i + 2] = _mm512_shuffle_ps::<0x44>(b, d);
                fours[4 * i + 3] = _mm512_shuffle_ps::<0xee>(b, d);
            }
            // Now `fours[4 k + c]` holds, in quarter `q`, column `4 q + c` of rows `4 k` to
            // `4 k + 3`: gather the quarters of a column from the four.
            let mut columns = fours;
            for c in 0..4 {
                let [a, b, p, q] = [fours[c], fours[4 + c], fours[8 + c], fours[12 + c]];
                let even = _mm512_shuffle_f32x4::<0x88>(a, b);
                let odd = _mm512_shuffle_f32x4::<0xdd>(a, b);
                let far_even = _mm512_shuffle_f32x4::<0x88>(p, q);
                let far_odd = _mm512_shuffle_f32x4::<0xdd>(p, q);
                columns[c] = _mm512_shuffle_f32x4::<0x88>(even, far_even);
                columns[4 + c] = _mm512_shuffle_f32x4::<0x88>(odd, far_odd);
                columns[8 + c] = _mm512_shuffle_f32x4::<0xdd>(even, far_even);
                columns[12 + c] = _mm512_shuffle_f32x4::<0xdd>(odd, far_odd);
            }
            for (i, column) in columns.into_iter().enumerate() {
                _mm512_storeu_ps(target.add(i * target_stride), column);
            }
        }
    }

    #[inline(always)]
    unsafe fn load_half(source: *const u16) -> Self {
        // SAFETY: sixteen readable values by this method's contract.
        Self(unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(source.cast())) })
    }

    #[inline(always)]
    unsafe fn load_bytes(source: *const u8) -> Self {
        // SAFETY: sixteen readable bytes by this method's contract.
        Self(unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(source.cast()))) })
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8) {
        // SAFETY: sixteen writable bytes by this method's contract.
        unsafe {
            let whole = _mm512_cvtps_epi32(self.0);
            _mm_storeu_si128(target.cast(), _mm512_cvtepi32_epi8(whole));
        }
    }

    #[inline(always)]
    unsafe fn load_bytes_part(source: *const u8, count: usize) -> Self {
        // SAFETY: masked-out bytes are not read.
        let bytes = unsafe { _mm_maskz_loadu_epi8(mask(count), source.cast()) };
        // SAFETY: the module's.
        Self(unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)) })
    }

    #[inline(always)]
    unsafe fn store_bytes_part(self, target: *mut u8, count: usize) {
        // SAFETY: masked-out bytes are not written.
        unsafe {
            let bytes = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(self.0));
            _mm_mask_storeu_epi8(target.cast(), mask(count), bytes);
        }
    }

    intrinsics! {
        add(other) = _mm512_add_ps;
        sub(other) = _mm512_sub_ps;
        mul(other) = _mm512_mul_ps;
        div(other) = _mm512_div_ps;
        mul_add(factor, term) = _mm512_fmadd_ps;
        sqrt() = _mm512_sqrt_ps;
        round() = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>;
        floor() = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>;
        max(other) = _mm512_max_ps;
        min(other) = _mm512_min_ps;
        and(other) = _mm512_and_ps;
        or(other) = _mm512_or_ps;
        xor(other) = _mm512_xor_ps;
        and_not(other) = _mm512_andnot_ps;
    }

    comparisons! {
        lt = _CMP_LT_OQ;
        le = _CMP_LE_OQ;
        eq = _CMP_EQ_OQ;
    }

    /// From an estimate of `1 / divisor` to 14 bits, and one correction of the quotient by its
    /// remainder: less than a fifth of the time of a division.
    #[inline(always)]
    fn quotient(self, divisor: Self) -> Self {
        // SAFETY: AVX-512 is present, see above; registers only.
        Self(unsafe {
            let inverse = _mm512_rcp14_ps(divisor.0);
            let quotient = _mm512_mul_ps(self.0, inverse);
            let remainder = _mm512_fnmadd_ps(divisor.0, quotient, self.0);
            _mm512_fmadd_ps(remainder, inverse, quotient)
        })
    }

    #[inline(always)]
    fn select(mask: Self, yes: Self, no: Self) -> Self {
        // SAFETY: AVX-512 is present, see above; registers only.
        Self(unsafe {
            let lanes = _mm512_movepi32_mask(_mm512_castps_si512(mask.0));
            _mm512_mask_blend_ps(lanes, no.0, yes.0)
        })
    }

    #[inline(always)]
    fn exponent_from_lowest_bits(self) -> Self {
        // SAFETY: AVX-512 is present, see above; registers only.
        unsafe { Self(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_castps_si512(self.0)))) }
    }

    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        // SAFETY: AVX-512 is present, see above; registers only.
        unsafe {
            let bits = _mm512_castps_si512(self.0);
            let exponent = _mm512_sub_epi32(_mm512_srli_epi32::<23>(bits), _mm512_set1_epi32(127));
            let fraction = _mm512_and_si512(bits, _mm512_set1_epi32(0x007f_ffff));
            let fraction = _mm512_or_si512(fraction, _mm512_set1_epi32(0x3f80_0000));
            (Self(_mm512_cvtepi32_ps(exponent)), Self(_mm512_castsi512_ps(fraction)))
        }
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let a = self.to_array();
        let b: [f32; 8] = std::array::from_fn(|i| a[i] + a[i + 8]);
        ((b[0] + b[4]) + (b[2] + b[6])) + ((b[1] + b[5]) + (b[3] + b[7]))
    }

    #[inline(always)]
    fn to_array(self) -> [f32; 16] {
        let mut array = [0.0; 16];
        // SAFETY: the array has room for sixteen values.
        unsafe { self.store(array.as_mut_ptr()) };
        array
    }
}
