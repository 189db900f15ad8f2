//! A value with a cache line of its own.

/// Keeps a value that many threads write away from others that they only read.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct CacheLine<T>(pub(crate) T);
