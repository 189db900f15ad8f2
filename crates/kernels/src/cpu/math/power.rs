//! Powers.

use super::super::vector::Vector;

/// `base^exponent` lane by lane, correct in all the cases that IEEE 754 lists.
#[inline(always)]
pub fn pow<V: Vector>(base: V, exponent: V) -> V {
    let (mut base, exponent) = (base.to_array(), exponent.to_array());
    let mut lane = 0;
    while lane < V::LANES {
        base[lane] = base[lane].powf(exponent[lane]);
        lane += 1;
    }
    // SAFETY: the array has room for the widest vector.
    unsafe { V::load(base.as_ptr()) }
}
