//! Places of vectors in arrays whose length need not be whole vectors.

use std::marker::PhantomData;

use super::vector::Vector;

/// A vector's place in an array: possibly cut off by its end.
#[derive(Clone, Copy)]
pub enum At {
    Whole(usize),
    Part(usize, usize),
}

impl At {
    /// Where it begins.
    #[inline(always)]
    pub(crate) fn start(self) -> usize {
        match self {
            Self::Whole(at) | Self::Part(at, _) => at,
        }
    }

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
        // SAFETY: by this function's contract.
        unsafe {
            match self {
                Self::Whole(at) => V::load_bytes(source.add(at)),
                Self::Part(at, count) => V::load_bytes_part(source.add(at), count),
            }
        }
    }

    /// Whole numbers from 0 to 255 as bytes.
    ///
    /// # Safety
    /// As [`At::store`].
    #[inline(always)]
    pub(crate) unsafe fn store_bytes<V: Vector>(self, value: V, target: *mut u8) {
        // SAFETY: by this function's contract.
        unsafe {
            match self {
                Self::Whole(at) => value.store_bytes(target.add(at)),
                Self::Part(at, count) => value.store_bytes_part(target.add(at), count),
            }
        }
    }
}

/// The vectors of an array of `length` elements, to loop over. Not a function that takes a
/// closure: nothing makes the compiler inline one, and outside its instruction set every vector
/// operation is a call.
pub(crate) struct Vectors<V> {
    next: usize,
    length: usize,
    vector: PhantomData<V>,
}

impl<V: Vector> Vectors<V> {
    #[inline(always)]
    pub(crate) fn new(length: usize) -> Self {
        Self { next: 0, length, vector: PhantomData }
    }
}

impl<V: Vector> Iterator for Vectors<V> {
    type Item = At;

    #[inline(always)]
    fn next(&mut self) -> Option<At> {
        let left = self.length - self.next;
        let at = match left {
            0 => return None,
            _ if left < V::LANES => At::Part(self.next, left),
            _ => At::Whole(self.next),
        };
        self.next += left.min(V::LANES);
        Some(at)
    }
}
