//! Places of vectors in arrays whose length need not be whole vectors.

use super::vector::Vector;

/// A vector's place in an array: possibly cut off by its end.
#[derive(Clone, Copy)]
pub(crate) enum At {
    Whole(usize),
    Part(usize, usize),
}

impl At {
    /// # Safety
    /// The place must lie within the array at `source`.
    #[inline(always)]
    pub(crate) unsafe fn load<V: Vector>(self, source: *const f32) -> V {
        // SAFETY: by this function's contract.
        unsafe {
            match self {
                Self::Whole(at) => V::load(source.add(at)),
                Self::Part(at, count) => V::load_part(source.add(at), count),
            }
        }
    }

    /// # Safety
    /// The place must lie within the array at `target`, which nothing else may use meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn store<V: Vector>(self, value: V, target: *mut f32) {
        // SAFETY: by this function's contract.
        unsafe {
            match self {
                Self::Whole(at) => value.store(target.add(at)),
                Self::Part(at, count) => value.store_part(target.add(at), count),
            }
        }
    }

    /// Bytes as the numbers 0 to 255.
    ///
    /// # Safety
    /// As [`At::load`].
    #[inline(always)]
    pub(crate) unsafe fn load_bytes<V: Vector>(self, source: *const u8) -> V {
        // SAFETY: by this function's contract; `bytes` has room for any vector.
        unsafe {
            match self {
                Self::Whole(at) => V::load_bytes(source.add(at)),
                Self::Part(at, count) => {
                    let mut bytes = [0u8; 16];
                    bytes.as_mut_ptr().copy_from_nonoverlapping(source.add(at), count);
                    V::load_bytes(bytes.as_ptr())
                }
            }
        }
    }

    /// Whole numbers from 0 to 255 as bytes.
    ///
    /// # Safety
    /// As [`At::store`].
    #[inline(always)]
    pub(crate) unsafe fn store_bytes<V: Vector>(self, value: V, target: *mut u8) {
        // SAFETY: by this function's contract; `bytes` has room for any vector.
        unsafe {
            match self {
                Self::Whole(at) => value.store_bytes(target.add(at)),
                Self::Part(at, count) => {
                    let mut bytes = [0u8; 16];
                    value.store_bytes(bytes.as_mut_ptr());
                    target.add(at).copy_from_nonoverlapping(bytes.as_ptr(), count);
                }
            }
        }
    }
}

/// Calls `each` for the vectors of an array of `length` elements.
#[inline(always)]
pub(crate) fn each_at<V: Vector>(length: usize, mut each: impl FnMut(At)) {
    let whole = length - length % V::LANES;
    for at in (0..whole).step_by(V::LANES) {
        each(At::Whole(at));
    }
    if whole < length {
        each(At::Part(whole, length - whole));
    }
}
