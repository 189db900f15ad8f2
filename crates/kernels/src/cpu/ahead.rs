//! Memory that is asked for while tiles are multiplied. Where panels come from beyond the
//! second-level cache, the first tile of each would wait for it, and the processor's own
//! prefetching begins anew at every page.

use super::vector::prefetch;

/// Lines that lie equally far apart.
#[derive(Clone, Copy)]
pub(crate) struct Ahead {
    first: *const f32,
    /// Values from one to the next.
    stride: usize,
}

impl Ahead {
    /// The addresses need not be readable.
    #[inline(always)]
    pub(crate) fn new(first: *const f32, stride: usize) -> Self {
        Self { first, stride }
    }

    /// What is at hand already: asking for it costs nothing.
    #[inline(always)]
    pub(crate) fn nothing(at_hand: *const f32) -> Self {
        Self { first: at_hand, stride: 0 }
    }

    /// The neighbours of these lines, so many values further.
    #[inline(always)]
    pub(crate) fn after(self, values: usize) -> Self {
        Self { first: self.first.wrapping_add(values), ..self }
    }

    #[inline(always)]
    pub(crate) fn ask_for(self, line: usize) {
        prefetch(self.first.wrapping_add(line * self.stride));
    }
}
