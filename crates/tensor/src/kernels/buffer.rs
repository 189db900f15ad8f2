//! Memory of tensors: aligned buffers, those of middling size cut from large chunks that huge pages
//! back. By itself such a buffer fills no huge page, and its small ones cost a fault of a
//! microsecond each when they are first written: three of the ten milliseconds that pass from the
//! start of a program to its first step of a middling network.

use std::mem::size_of;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use triomphe::Arc;

use super::huge_pages::{self, HUGE};

/// One cache line of values: the unit of allocation, so that every buffer is aligned for the
/// widest vector load.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Line([f32; LINE]);

/// Values of a line.
pub(crate) const LINE: usize = 16;

/// Bytes from which on a buffer is cut from a chunk. Smaller ones share their pages anyway.
const MIDDLING: usize = 64 << 10;
/// Bytes of a chunk. Memory that no buffer was cut from yet is never touched.
const CHUNK: usize = 8 * HUGE;

/// Lines that it owns alone, zeros at first.
pub(crate) struct Buffer {
    start: NonNull<Line>,
    lines: usize,
    /// What keeps the lines in memory.
    _memory: Memory,
}

enum Memory {
    /// The lines themselves, never touched through the vector.
    Own { _lines: Vec<Line> },
    /// The chunk that they are a part of.
    Part { _chunk: Arc<Chunk> },
}

// SAFETY: a buffer owns its lines like a vector: no other buffer has any of them.
unsafe impl Send for Buffer {}
// SAFETY: as above; shared references only read.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// A buffer of zeros.
    pub(crate) fn new(lines: usize) -> Self {
        let bytes = lines * size_of::<Line>();
        if (MIDDLING..HUGE).contains(&bytes) { Self::part(lines) } else { Self::own(lines) }
    }

    fn own(lines: usize) -> Self {
        // Zeros that the system gives cost no memory before they are written over.
        let mut own: Vec<Line> = bytemuck::zeroed_vec(lines);
        huge_pages::ask_for(&mut own[..]);
        let start = NonNull::new(own.as_mut_ptr()).expect("a vector's address");
        Self { start, lines, _memory: Memory::Own { _lines: own } }
    }

    fn part(lines: usize) -> Self {
        static OPEN: Mutex<Option<(Arc<Chunk>, usize)>> = Mutex::new(None);
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let (chunk, used) = match open.take() {
            Some((chunk, used)) if used + lines <= chunk.lines => (chunk, used),
            _ => (Arc::new(Chunk::new()), 0),
        };
        // SAFETY: `used + lines` is within the chunk, as was just made sure.
        let start = unsafe { chunk.start.add(used) };
        *open = Some((chunk.clone(), used + lines));
        Self { start, lines, _memory: Memory::Part { _chunk: chunk } }
    }
}

impl Deref for Buffer {
    type Target = [Line];

    #[inline(always)]
    fn deref(&self) -> &[Line] {
        // SAFETY: so many initialised lines begin here; they live as long as `_memory`, and are
        // this buffer's alone.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.lines) }
    }
}

impl DerefMut for Buffer {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [Line] {
        // SAFETY: as in `deref`.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.lines) }
    }
}

/// Memory that buffers are cut from one after the other; freed after the last of them.
struct Chunk {
    start: NonNull<Line>,
    lines: usize,
    /// Never touched through the vector.
    _values: Vec<u64>,
}

// SAFETY: a chunk only keeps memory and says where it is; its parts belong to buffers.
unsafe impl Send for Chunk {}
// SAFETY: as above.
unsafe impl Sync for Chunk {}

impl Chunk {
    fn new() -> Self {
        // Of 8-byte values, which every allocator takes from the system as zeros, untouched; one
        // huge page more than is used, so that whole ones begin within it.
        let mut values = vec![0u64; (CHUNK + HUGE) / size_of::<u64>()];
        let skip = values.as_mut_ptr().cast::<u8>().align_offset(HUGE);
        let used = &mut values[skip / size_of::<u64>()..][..CHUNK / size_of::<u64>()];
        huge_pages::ask_for(used);
        let start = NonNull::new(used.as_mut_ptr().cast()).expect("a vector's address");
        Self { start, lines: CHUNK / size_of::<Line>(), _values: values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_zeros_of_their_own() {
        let sizes = [1, 1 << 10, 1 << 11, 30_000, 30_000, 1 << 15, 1 << 16];
        let mut buffers: Vec<Buffer> = (0..40).map(|i| Buffer::new(sizes[i % 7])).collect();
        for (i, buffer) in buffers.iter_mut().enumerate() {
            assert_eq!(buffer.len(), sizes[i % 7]);
            assert!(buffer.as_ptr().cast::<u8>().addr() % 64 == 0);
            assert!(buffer.iter().all(|line| line.0 == [0.0; LINE]), "buffer {i}");
            buffer.fill(Line([i as f32; LINE]));
        }
        buffers.truncate(25);
        for (i, buffer) in buffers.iter().enumerate() {
            assert!(buffer.iter().all(|line| line.0 == [i as f32; LINE]), "buffer {i}");
        }
    }
}
