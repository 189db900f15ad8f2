//! An activation applied to sums in place, while they are in the cache.

use super::vector::Vector;
use crate::activation::{Activation, FusedActivation};

/// Applies an activation to `length` values.
///
/// # Safety
/// They must be valid, and nothing else may touch them meanwhile.
#[inline(always)]
pub(crate) unsafe fn activate_run<V: Vector>(
    values: *mut f32,
    length: usize,
    activation: Activation,
) {
    let mut start = 0;
    while start < length {
        let count = V::LANES.min(length - start);
        // SAFETY: that many values are left, by this function's contract.
        unsafe {
            let values = values.add(start);
            activation.apply_vector(V::load_up_to(values, count)).store_up_to(values, count);
        }
        start += count;
    }
}
