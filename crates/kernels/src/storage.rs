//! Where values live: 64-byte aligned buffers that return to a pool when the last tensor that
//! reads them is gone, so that a steady training step takes nothing from the system.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use triomphe::Arc;

use crate::pages;

/// One cache line of values: the unit of allocation, so that every buffer is aligned for the
/// widest vector load.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

const LINE: usize = 16;

/// A shared, pooled buffer of 4-byte values.
pub struct Storage(Option<Arc<Vec<Line>>>);

type FreeList = Mutex<Vec<Arc<Vec<Line>>>>;

impl Storage {
    /// A buffer of at least `length` values with unspecified (old, but initialised) contents.
    #[inline]
    pub fn new(length: usize) -> Self {
        // Nothing needs no buffer.
        Self((length > 0).then(|| pool::take(length.div_ceil(LINE))))
    }

    /// The values.
    #[inline]
    pub fn f32s(&self) -> &[f32] {
        bytemuck::cast_slice(self.lines())
    }

    /// The values as integers.
    #[inline]
    pub fn i32s(&self) -> &[i32] {
        bytemuck::cast_slice(self.lines())
    }

    /// The values, when no other tensor shares this buffer.
    #[inline]
    pub fn unique_f32s(&mut self) -> Option<&mut [f32]> {
        self.unique().map(bytemuck::cast_slice_mut)
    }

    /// The values as integers, when no other tensor shares this buffer.
    #[inline]
    pub fn unique_i32s(&mut self) -> Option<&mut [i32]> {
        self.unique().map(bytemuck::cast_slice_mut)
    }

    #[inline]
    fn unique(&mut self) -> Option<&mut [Line]> {
        match &mut self.0 {
            Some(lines) => Arc::get_mut(lines).map(Vec::as_mut_slice),
            None => Some(&mut []),
        }
    }

    #[inline]
    fn lines(&self) -> &[Line] {
        self.0.as_ref().map_or(&[], |lines| lines.as_slice())
    }
}

impl Clone for Storage {
    #[inline]
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Drop for Storage {
    #[inline]
    fn drop(&mut self) {
        if let Some(lines) = self.0.take()
            && lines.is_unique()
        {
            pool::give(lines);
        }
    }
}

/// The pool of buffers behind every tensor.
pub mod pool {
    use super::*;

    /// Four sizes a doubling: a buffer is at most a quarter larger than asked for.
    const CLASSES: usize = 4 * usize::BITS as usize;

    static FREE: [FreeList; CLASSES] = [const { Mutex::new(Vec::new()) }; CLASSES];
    static FRESH: AtomicUsize = AtomicUsize::new(0);
    static HELD: AtomicUsize = AtomicUsize::new(0);

    /// Classes of small buffers, up to 16 KiB, of which every thread keeps some for itself: a lock
    /// would cost more than what small tensors compute.
    const OWN_CLASSES: usize = 29;
    /// How many of a class a thread keeps.
    const OWN_BUFFERS: usize = 16;

    /// A thread's own buffers, given back to all when it ends.
    struct Own([Vec<Arc<Vec<Line>>>; OWN_CLASSES]);

    impl Drop for Own {
        fn drop(&mut self) {
            self.0.iter_mut().flat_map(|class| class.drain(..)).for_each(give_to_all);
        }
    }

    thread_local! {
        static OWN: RefCell<Own> = const { RefCell::new(Own([const { Vec::new() }; OWN_CLASSES])) };
    }

    /// The smallest class that holds `lines` lines, and how many it holds.
    fn class_of(lines: usize) -> (usize, usize) {
        if lines <= 4 {
            return (lines, lines);
        }
        let octave = (lines - 1).ilog2() as usize - 2;
        let step = 1usize << octave;
        let quarter = (lines - 1) >> octave; // 4..=7
        (4 * octave + quarter + 1, (quarter + 1) * step)
    }

    pub(super) fn take(lines: usize) -> Arc<Vec<Line>> {
        let (class, capacity) = class_of(lines);
        if class < OWN_CLASSES
            && let Ok(Some(own)) = OWN.try_with(|own| own.borrow_mut().0[class].pop())
        {
            return own;
        }
        let reused = FREE[class].lock().unwrap_or_else(PoisonError::into_inner).pop();
        reused.unwrap_or_else(|| {
            FRESH.fetch_add(1, Ordering::Relaxed);
            HELD.fetch_add(capacity * size_of::<Line>(), Ordering::Relaxed);
            // The system's zeros cost no memory before they are written over; nobody may ever
            // write those beyond what is asked for.
            let mut buffer = bytemuck::zeroed_vec(capacity);
            pages::prepare(&mut buffer[..lines]);
            Arc::new(buffer)
        })
    }

    pub(super) fn give(lines: Arc<Vec<Line>>) {
        let (class, _) = class_of(lines.len());
        let mut left = Some(lines);
        if class < OWN_CLASSES {
            // An error: the thread is ending.
            let _ = OWN.try_with(|own| {
                let own = &mut own.borrow_mut().0[class];
                if own.len() < OWN_BUFFERS
                    && let Some(lines) = left.take()
                {
                    own.push(lines);
                }
            });
        }
        left.into_iter().for_each(give_to_all);
    }

    fn give_to_all(lines: Arc<Vec<Line>>) {
        let (class, _) = class_of(lines.len());
        FREE[class].lock().unwrap_or_else(PoisonError::into_inner).push(lines);
    }

    /// How many buffers were taken from the system so far. It stands still in steady training.
    pub fn fresh_buffers() -> usize {
        FRESH.load(Ordering::Relaxed)
    }

    /// Bytes that the pool has taken from the system and not given back.
    pub fn held_bytes() -> usize {
        HELD.load(Ordering::Relaxed)
    }

    /// Gives all buffers that no tensor uses back to the system, but for the small ones that
    /// other threads keep for themselves.
    pub fn trim() {
        drop(OWN.replace(Own([const { Vec::new() }; OWN_CLASSES])));
        for class in &FREE {
            let buffers =
                std::mem::take(&mut *class.lock().unwrap_or_else(PoisonError::into_inner));
            let bytes: usize = buffers.iter().map(|b| b.len() * size_of::<Line>()).sum();
            HELD.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn classes_hold_what_is_asked_and_little_more() {
            let mut last = (0, 0);
            for lines in 1..if cfg!(miri) { 500 } else { 100_000 } {
                let (class, capacity) = class_of(lines);
                assert!(capacity >= lines && capacity * 4 <= lines * 5 + 4, "{lines}: {capacity}");
                assert_eq!(class_of(capacity), (class, capacity));
                assert!(class == last.0 && capacity == last.1 || class == last.0 + 1);
                last = (class, capacity);
            }
        }

        #[test]
        fn a_dropped_buffer_is_reused() {
            let length = 7_654_321; // a size no other test uses
            drop(Storage::new(length));
            let before = fresh_buffers();
            let held = held_bytes();
            drop(Storage::new(length));
            assert!(held >= 4 * length && before > 0);
            let (class, _) = class_of(length.div_ceil(LINE));
            assert_eq!(FREE[class].lock().unwrap().len(), 1);
        }
    }
}
