//! Eight lanes with AVX2, FMA and F16C.

use std::arch::x86_64::*;

use super::vector::Vector;

#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256);

/// SAFETY for the whole file: a value of this type exists only inside `isa::dispatch`, after AVX2,
/// FMA and F16C were detected, so every intrinsic is supported; those that touch memory inherit the
/// contract of the method they implement.
macro_rules! intrinsics {
    ($($name:ident($($argument:ident),*) = $body:expr;)*) => {
        $(#[inline(always)]
        fn $name(self $(, $argument: Self)*) -> Self {
            // SAFETY: AVX2 and FMA are present, see above; registers only.
            Self(unsafe { $body(self.0 $(, $argument.0)*) })
        })*
    };
}

impl Avx2 {
    /// All ones in the first `count` lanes.
    #[inline(always)]
    fn mask(count: usize) -> __m256i {
        const ONES: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
        debug_assert!(count <= 8);
        // SAFETY: `count` is at most 8, so eight values from there on lie within the table.
        unsafe { _mm256_loadu_si256(ONES.as_ptr().add(8 - count).cast()) }
    }
}

impl Vector for Avx2 {
    const LANES: usize = 8;
    /// Of 16 registers; 12 independent sums hide the latency of multiply-add.
    const TILE_ROWS: usize = 6;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        // SAFETY: AVX2 is present, see above.
        Self(unsafe { _mm256_set1_ps(x) })
    }

    #[inline(always)]
    unsafe fn load(source: *const f32) -> Self {
        // SAFETY: eight readable values by this method's contract.
        Self(unsafe { _mm256_loadu_ps(source) })
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut f32) {
        // SAFETY: eight writable values by this method's contract.
        unsafe { _mm256_storeu_ps(target, self.0) }
    }

    #[inline(always)]
    unsafe fn load_part(source: *const f32, count: usize) -> Self {
        // SAFETY: masked-out lanes are not read.
        Self(unsafe { _mm256_maskload_ps(source, Self::mask(count)) })
    }

    #[inline(always)]
    unsafe fn store_part(self, target: *mut f32, count: usize) {
        // SAFETY: masked-out lanes are not written.
        unsafe { _mm256_maskstore_ps(target, Self::mask(count), self.0) }
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
            let mut rows = [_mm256_setzero_ps(); 8];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = _mm256_loadu_ps(source.add(i * source_stride));
            }
            // Pairs of rows, then fours within 128-bit halves, then the halves.
            let mut pairs = rows;
            for i in 0..4 {
                pairs[2 * i] = _mm256_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
                pairs[2 * i + 1] = _mm256_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
            }
            let mut fours = pairs;
            for i in 0..2 {
                let [a, b, c, d] =
                    [pairs[4 * i], pairs[4 * i + 1], pairs[4 * i + 2], pairs[4 * i + 3]];
                fours[4 * i] = _mm256_shuffle_ps::<0x44>(a, c);
                fours[4 * i + 1] = _mm256_shuffle_ps::<0xee>(a, c);
                fours[4 * i + 2] = _mm256_shuffle_ps::<0x44>(b, d);
                fours[4 * i + 3] = _mm256_shuffle_ps::<0xee>(b, d);
            }
            for i in 0..4 {
                let low = _mm256_permute2f128_ps::<0x20>(fours[i], fours[i + 4]);
                _mm256_storeu_ps(target.add(i * target_stride), low);
            }
            for i in 0..4 {
                let high = _mm256_permute2f128_ps::<0x31>(fours[i], fours[i + 4]);
                _mm256_storeu_ps(target.add((i + 4) * target_stride), high);
            }
        }
    }

    #[inline(always)]
    unsafe fn load_half(source: *const u16) -> Self {
        // SAFETY: eight readable values by this method's contract; F16C is present, see above.
        Self(unsafe { _mm256_cvtph_ps(_mm_loadu_si128(source.cast())) })
    }

    #[inline(always)]
    unsafe fn load_bytes(source: *const u8) -> Self {
        // SAFETY: eight readable bytes by this method's contract; AVX2 is present, see above.
        Self(unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(source.cast()))) })
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8) {
        // SAFETY: eight writable bytes by this method's contract; AVX2 is present, see above.
        unsafe {
            let whole = _mm256_cvtps_epi32(self.0);
            let (low, high) = (_mm256_castsi256_si128(whole), _mm256_extracti128_si256::<1>(whole));
            let words = _mm_packus_epi32(low, high);
            _mm_storel_epi64(target.cast(), _mm_packus_epi16(words, words));
        }
    }

    intrinsics! {
        add(other) = _mm256_add_ps;
        sub(other) = _mm256_sub_ps;
        mul(other) = _mm256_mul_ps;
        div(other) = _mm256_div_ps;
        mul_add(factor, term) = _mm256_fmadd_ps;
        sqrt() = _mm256_sqrt_ps;
        round() = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>;
        floor() = _mm256_floor_ps;
        max(other) = _mm256_max_ps;
        min(other) = _mm256_min_ps;
        lt(other) = _mm256_cmp_ps::<_CMP_LT_OQ>;
        le(other) = _mm256_cmp_ps::<_CMP_LE_OQ>;
        eq(other) = _mm256_cmp_ps::<_CMP_EQ_OQ>;
        and(other) = _mm256_and_ps;
        or(other) = _mm256_or_ps;
        xor(other) = _mm256_xor_ps;
        and_not(other) = _mm256_andnot_ps;
    }

    #[inline(always)]
    fn select(mask: Self, yes: Self, no: Self) -> Self {
        // SAFETY: AVX2 is present, see above.
        Self(unsafe { _mm256_blendv_ps(no.0, yes.0, mask.0) })
    }

    #[inline(always)]
    fn exponent_from_lowest_bits(self) -> Self {
        // SAFETY: AVX2 is present, see above; registers only.
        unsafe { Self(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(self.0)))) }
    }

    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        // SAFETY: AVX2 is present, see above; registers only.
        unsafe {
            let bits = _mm256_castps_si256(self.0);
            let exponent = _mm256_sub_epi32(_mm256_srli_epi32::<23>(bits), _mm256_set1_epi32(127));
            let fraction = _mm256_and_si256(bits, _mm256_set1_epi32(0x007f_ffff));
            let fraction = _mm256_or_si256(fraction, _mm256_set1_epi32(0x3f80_0000));
            (Self(_mm256_cvtepi32_ps(exponent)), Self(_mm256_castsi256_ps(fraction)))
        }
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let a = self.to_array();
        ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]))
    }

    #[inline(always)]
    fn to_array(self) -> [f32; 16] {
        let mut array = [0.0; 16];
        // SAFETY: the array has room for eight values.
        unsafe { self.store(array.as_mut_ptr()) };
        array
    }
}
