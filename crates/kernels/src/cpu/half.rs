//! Numbers of 16 bits (IEEE 754 binary16): 11 significant bits, up to 65,504.

/// The nearest half-precision number, ties to even.
pub(crate) fn to_half(x: f32) -> u16 {
    let bits = x.to_bits();
    let (sign, size) = ((bits >> 16) as u16 & 0x8000, bits & 0x7fff_ffff);
    let half = match size {
        0x7f80_0001.. => 0x7e00, // not a number
        0x477f_f000.. => 0x7c00, // 65,520 and more: infinity
        // Normal numbers, from 2⁻¹⁴ on: another bias of the exponent, 13 bits less.
        0x3880_0000.. => ((size + 0xfff + ((size >> 13) & 1) - 0x3800_0000) >> 13) as u16,
        // Multiples of 2⁻²⁴.
        _ => (f32::from_bits(size) * 16_777_216.0).round_ties_even() as u16,
    };
    sign | half
}

/// The value of a half-precision number.
pub(crate) fn from_half(half: u16) -> f32 {
    let (sign, size) = ((u32::from(half) & 0x8000) << 16, u32::from(half) & 0x7fff);
    let value = match size {
        0x7c00.. => f32::from_bits(0x7f80_0000 | ((size & 0x3ff) << 13)),
        0x400.. => f32::from_bits((size << 13) + 0x3800_0000),
        _ => size as f32 / 16_777_216.0,
    };
    f32::from_bits(value.to_bits() | sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::isa::{Kernel, dispatch, on_each_isa};
    use crate::cpu::vector::Vector;

    #[test]
    #[cfg_attr(miri, ignore = "too much work for an interpreter")]
    fn halves_are_rounded_to_the_nearest() {
        for half in 0..=u16::MAX {
            let value = from_half(half);
            let back = to_half(value);
            assert!(back == half || value.is_nan() && from_half(back).is_nan(), "{half:#x}");
        }
        for (value, half) in [
            (1.0, 0x3c00),
            (-2.0, 0xc000),
            (65_504.0, 0x7bff),
            (65_519.9, 0x7bff),
            (65_520.0, 0x7c00),
            (2f32.powi(-24), 1),
            (2f32.powi(-25), 0),
            (2f32.powi(-25) * 1.01, 1),
            (1.0 + 2f32.powi(-11), 0x3c00),
            (1.0 + 3.0 * 2f32.powi(-11), 0x3c02),
        ] {
            assert_eq!(to_half(value), half, "{value}");
        }
    }

    struct Widen<'a>(&'a [u16], &'a mut [f32]);

    impl Kernel for Widen<'_> {
        type Output = ();

        #[inline(always)]
        fn run<V: Vector>(self) {
            for (halves, out) in
                self.0.chunks_exact(V::LANES).zip(self.1.chunks_exact_mut(V::LANES))
            {
                // SAFETY: chunks of as many values.
                unsafe { V::load_half(halves.as_ptr()).store(out.as_mut_ptr()) };
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "too much work for an interpreter")]
    fn vectors_widen_every_half() {
        let halves: Vec<u16> = (0..=u16::MAX).collect();
        let widened = on_each_isa(|| {
            let mut out = vec![0.0; 65_536];
            dispatch(Widen(&halves, &mut out));
            out
        });
        for (half, got) in widened.iter().flat_map(|widened| halves.iter().zip(widened)) {
            let value = from_half(*half);
            let same = got.to_bits() == value.to_bits() || got.is_nan() && value.is_nan();
            assert!(same, "{half:#x}: {got} {value}");
        }
    }
}
