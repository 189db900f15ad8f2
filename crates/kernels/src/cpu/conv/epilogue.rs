//! What happens to a convolution's sums on their way to memory.

use crate::activation::{Activation, FusedActivation};
use crate::cpu::vector::Vector;

/// What is done to sums before they are the result.
#[derive(Clone, Copy)]
pub(super) struct ConvEpilogue<'a> {
    pub(super) bias: Option<&'a [f32]>,
    pub(super) activation: Activation,
    /// Adds to the target; only without bias and activation.
    pub(super) accumulate: bool,
}

/// Applies an activation to `length` values.
///
/// # Safety
/// They must be valid, and nothing else may touch them meanwhile.
#[inline(always)]
pub(super) unsafe fn activate_run<V: Vector>(
    values: *mut f32,
    length: usize,
    activation: Activation,
) {
    let mut start = 0;
    while start < length {
        let count = V::LANES.min(length - start);
        // SAFETY: so many values are left, by this function's contract.
        unsafe {
            let values = values.add(start);
            if count == V::LANES {
                activation.apply_vector(V::load(values)).store(values);
            } else {
                activation.apply_vector(V::load_part(values, count)).store_part(values, count);
            }
        }
        start += count;
    }
}
