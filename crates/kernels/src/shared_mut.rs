//! The outputs of parallel loops.

use std::marker::PhantomData;

/// A slice that tasks of one parallel loop share, each writing its own part. It borrows the slice
/// for `'a`, and debug builds check that what tasks take lies within it.
pub struct SharedMut<'a, T> {
    pointer: *mut T,
    length: usize,
    slice: PhantomData<&'a mut [T]>,
}

// By hand: derived, both would ask for `T: Copy`.
impl<T> Clone for SharedMut<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SharedMut<'_, T> {}

// SAFETY: elements are only reached through `slice` and through the addresses of `pointer`, whose
// users promise that no two tasks touch the same ones; `T: Send` lets their values be written from
// any thread.
unsafe impl<T: Send> Send for SharedMut<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SharedMut<'_, T> {}

impl<'a, T> SharedMut<'a, T> {
    #[inline]
    pub(crate) fn new(values: &'a mut [T]) -> Self {
        Self { pointer: values.as_mut_ptr(), length: values.len(), slice: PhantomData }
    }

    /// The elements `start .. start + length`.
    ///
    /// # Safety
    /// They must lie within the slice, and nothing else may touch them while the result is in use.
    #[inline(always)]
    pub(crate) unsafe fn slice(self, start: usize, length: usize) -> &'a mut [T] {
        debug_assert!(
            start <= self.length && length <= self.length - start,
            "elements {start} to {start} + {length} of {}",
            self.length
        );
        // SAFETY: in bounds and unaliased by this function's contract.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.add(start), length) }
    }

    /// The elements `start .. start + length`, to read.
    ///
    /// # Safety
    /// As for [`SharedMut::slice`], where others may read them too.
    #[inline(always)]
    pub(crate) unsafe fn read(self, start: usize, length: usize) -> &'a [T] {
        debug_assert!(start <= self.length && length <= self.length - start);
        // SAFETY: in bounds, and not written meanwhile, by this function's contract.
        unsafe { std::slice::from_raw_parts(self.pointer.add(start), length) }
    }

    /// The address of element `start`, or of the end.
    #[inline(always)]
    pub(crate) fn pointer(self, start: usize) -> *mut T {
        debug_assert!(start <= self.length, "element {start} of {}", self.length);
        self.pointer.wrapping_add(start)
    }

    /// The same slice from element `start` on.
    #[inline(always)]
    pub(crate) fn from(self, start: usize) -> Self {
        Self { pointer: self.pointer(start), length: self.length.saturating_sub(start), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    #[test]
    #[cfg(debug_assertions)]
    fn what_lies_outside_of_a_shared_slice_is_found_in_debug_builds() {
        let mut values = [0; 10];
        let shared = SharedMut::new(&mut values);
        // SAFETY: within the slice, and dropped before the next.
        assert_eq!(unsafe { shared.slice(4, 6) }.len(), 6);
        // SAFETY: as above.
        assert_eq!(unsafe { shared.from(10).slice(0, 0) }.len(), 0);
        let beyond = |start, length| {
            // SAFETY: the check panics before there is such a slice.
            let slice = || unsafe { shared.slice(start, length) };
            drop(catch_unwind(slice).unwrap_err());
        };
        beyond(4, 7);
        beyond(11, 0);
        beyond(1, usize::MAX);
        assert!(catch_unwind(|| shared.pointer(11)).is_err());
        assert!(catch_unwind(|| shared.from(3).pointer(8)).is_err());
    }
}
