//! Eight lanes as two NEON registers.

use std::arch::aarch64::{vreinterpretq_f32_u32 as from_bits, vreinterpretq_u32_f32 as to_bits, *};

use super::vector::Vector;

/// Lanes 0 to 3 and 4 to 7. With eight lanes, panels, packed weights and the order of every sum
/// are those of AVX2.
#[derive(Clone, Copy)]
pub(crate) struct Neon(float32x4_t, float32x4_t);

/// SAFETY for the whole file: NEON is part of every AArch64 with Rust's standard library, so every
/// intrinsic is supported; those that touch memory inherit the contract of the method they
/// implement.
///
/// Methods that do the same to both registers: operands, and the result for one register each.
macro_rules! both {
    ($($name:ident($this:ident $(, $other:ident)*) = $result:expr;)*) => {
        $(#[inline(always)]
        fn $name(self $(, $other: Self)*) -> Self {
            // SAFETY: NEON is present, see above; registers only.
            unsafe {
                let low = {
                    let ($this, $($other,)*) = (self.0, $($other.0,)*);
                    $result
                };
                let ($this, $($other,)*) = (self.1, $($other.1,)*);
                Self(low, $result)
            }
        })*
    };
}

impl Neon {
    both! {
        exponent(x) = vcvtq_f32_s32(vsubq_s32(
            vreinterpretq_s32_u32(vshrq_n_u32::<23>(to_bits(x))),
            vdupq_n_s32(127),
        ));
        fraction(x) = from_bits(vorrq_u32(
            vandq_u32(to_bits(x), vdupq_n_u32(0x007f_ffff)),
            vdupq_n_u32(0x3f80_0000),
        ));
    }
}

/// Reads the first `count` of four values, zeros in the other lanes.
///
/// # Safety
/// `source` must be readable for `count` values.
#[inline(always)]
unsafe fn load_quad(source: *const f32, count: usize) -> float32x4_t {
    // SAFETY: NEON is present; each arm reads as many values as it is for.
    unsafe {
        let pair = |source| vcombine_f32(vld1_f32(source), vdup_n_f32(0.0));
        match count {
            0 => vdupq_n_f32(0.0),
            1 => vld1q_lane_f32::<0>(source, vdupq_n_f32(0.0)),
            2 => pair(source),
            3 => vld1q_lane_f32::<2>(source.add(2), pair(source)),
            _ => vld1q_f32(source),
        }
    }
}

/// Writes the first `count` of four values.
///
/// # Safety
/// `target` must be writable for `count` values.
#[inline(always)]
unsafe fn store_quad(quad: float32x4_t, target: *mut f32, count: usize) {
    // SAFETY: NEON is present; each arm writes as many values as it is for.
    unsafe {
        match count {
            0 => {}
            1 => vst1q_lane_f32::<0>(target, quad),
            2 => vst1_f32(target, vget_low_f32(quad)),
            3 => {
                vst1_f32(target, vget_low_f32(quad));
                vst1q_lane_f32::<2>(target.add(2), quad);
            }
            _ => vst1q_f32(target, quad),
        }
    }
}

/// The transpose of four rows of four.
#[inline(always)]
fn transpose_quads([a, b, c, d]: [float32x4_t; 4]) -> [float32x4_t; 4] {
    // SAFETY: NEON is present, see above; registers only.
    unsafe {
        let (even, odd) =
            ([vzip1q_f32(a, c), vzip2q_f32(a, c)], [vzip1q_f32(b, d), vzip2q_f32(b, d)]);
        [
            vzip1q_f32(even[0], odd[0]),
            vzip2q_f32(even[0], odd[0]),
            vzip1q_f32(even[1], odd[1]),
            vzip2q_f32(even[1], odd[1]),
        ]
    }
}

impl Vector for Neon {
    const LANES: usize = 8;
    /// 24 registers of sums, four of the panel and one of the left operand, of 32.
    const TILE_ROWS: usize = 6;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        // SAFETY: NEON is present, see above.
        let quad = unsafe { vdupq_n_f32(x) };
        Self(quad, quad)
    }

    #[inline(always)]
    unsafe fn load(source: *const f32) -> Self {
        // SAFETY: eight readable values by this method's contract.
        unsafe { Self(vld1q_f32(source), vld1q_f32(source.add(4))) }
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut f32) {
        // SAFETY: eight writable values by this method's contract.
        unsafe {
            vst1q_f32(target, self.0);
            vst1q_f32(target.add(4), self.1);
        }
    }

    #[inline(always)]
    unsafe fn load_part(source: *const f32, count: usize) -> Self {
        // SAFETY: `count` readable values by this method's contract, the first four of them first.
        unsafe {
            if count < 4 {
                Self(load_quad(source, count), vdupq_n_f32(0.0))
            } else {
                Self(vld1q_f32(source), load_quad(source.add(4), count - 4))
            }
        }
    }

    #[inline(always)]
    unsafe fn store_part(self, target: *mut f32, count: usize) {
        // SAFETY: `count` writable values by this method's contract, the first four of them first.
        unsafe {
            if count < 4 {
                store_quad(self.0, target, count);
            } else {
                vst1q_f32(target, self.0);
                store_quad(self.1, target.add(4), count - 4);
            }
        }
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
            // Four columns of the source are four whole rows of the result.
            for first in [0, 4] {
                let mut quads = [vdupq_n_f32(0.0); 8];
                for (i, quad) in quads.iter_mut().enumerate() {
                    *quad = vld1q_f32(source.add(i * source_stride + first));
                }
                let [a, b, c, d, e, f, g, h] = quads;
                let (left, right) = (transpose_quads([a, b, c, d]), transpose_quads([e, f, g, h]));
                for i in 0..4 {
                    Self(left[i], right[i]).store(target.add((first + i) * target_stride));
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn load_half(source: *const u16) -> Self {
        let (low, high): (float32x4_t, float32x4_t);
        // SAFETY: eight readable values by this method's contract. Both instructions are part of
        // NEON and touch registers only; their intrinsics came with Rust 1.94.
        unsafe {
            std::arch::asm!(
                "fcvtl {low:v}.4s, {halves:v}.4h",
                "fcvtl2 {high:v}.4s, {halves:v}.8h",
                halves = in(vreg) vld1q_u16(source),
                low = out(vreg) low,
                high = lateout(vreg) high,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        Self(low, high)
    }

    #[inline(always)]
    unsafe fn load_bytes(source: *const u8) -> Self {
        // SAFETY: eight readable bytes by this method's contract; NEON is present, see above.
        unsafe {
            let words = vmovl_u8(vld1_u8(source));
            let (low, high) = (vmovl_u16(vget_low_u16(words)), vmovl_high_u16(words));
            Self(vcvtq_f32_u32(low), vcvtq_f32_u32(high))
        }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8) {
        // SAFETY: eight writable bytes by this method's contract; NEON is present, see above.
        unsafe {
            let low = vqmovn_u32(vcvtq_u32_f32(self.0));
            let words = vqmovn_high_u32(low, vcvtq_u32_f32(self.1));
            vst1_u8(target, vqmovn_u16(words));
        }
    }

    both! {
        add(a, b) = vaddq_f32(a, b);
        sub(a, b) = vsubq_f32(a, b);
        mul(a, b) = vmulq_f32(a, b);
        div(a, b) = vdivq_f32(a, b);
        mul_add(a, factor, term) = vfmaq_f32(term, a, factor);
        sqrt(a) = vsqrtq_f32(a);
        round(a) = vrndnq_f32(a);
        floor(a) = vrndmq_f32(a);
        // The instructions for maximum and minimum answer NaN for NaN on either side.
        max(a, b) = vbslq_f32(vcgtq_f32(a, b), a, b);
        min(a, b) = vbslq_f32(vcltq_f32(a, b), a, b);
        lt(a, b) = from_bits(vcltq_f32(a, b));
        le(a, b) = from_bits(vcleq_f32(a, b));
        eq(a, b) = from_bits(vceqq_f32(a, b));
        and(a, b) = from_bits(vandq_u32(to_bits(a), to_bits(b)));
        or(a, b) = from_bits(vorrq_u32(to_bits(a), to_bits(b)));
        xor(a, b) = from_bits(veorq_u32(to_bits(a), to_bits(b)));
        and_not(a, b) = from_bits(vbicq_u32(to_bits(b), to_bits(a)));
        exponent_from_lowest_bits(n) = from_bits(vshlq_n_u32::<23>(to_bits(n)));
    }

    #[inline(always)]
    fn select(mask: Self, yes: Self, no: Self) -> Self {
        // SAFETY: NEON is present, see above; registers only.
        unsafe {
            Self(vbslq_f32(to_bits(mask.0), yes.0, no.0), vbslq_f32(to_bits(mask.1), yes.1, no.1))
        }
    }

    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        (self.exponent(), self.fraction())
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: NEON is present, see above; registers only.
        unsafe {
            let quad = vaddq_f32(self.0, self.1);
            vaddv_f32(vadd_f32(vget_low_f32(quad), vget_high_f32(quad)))
        }
    }

    #[inline(always)]
    fn to_array(self) -> [f32; 16] {
        let mut array = [0.0; 16];
        // SAFETY: the array has room for eight values.
        unsafe { self.store(array.as_mut_ptr()) };
        array
    }
}

#[cfg(test)]
mod tests {
    use super::super::isa::{Kernel, dispatch};
    use super::*;

    struct Name;

    impl Kernel for Name {
        type Output = &'static str;

        #[inline(always)]
        fn run<V: Vector>(self) -> &'static str {
            std::any::type_name::<V>()
        }
    }

    /// Without this, tests that compare with the portable path could compare it with itself.
    #[test]
    fn kernels_run_these_vectors() {
        if std::env::var_os("GLASSBOX_ISA").is_none() {
            assert_eq!(dispatch(Name), std::any::type_name::<Neon>());
            assert_eq!(crate::cpu_name(), "NEON");
        }
    }
}
