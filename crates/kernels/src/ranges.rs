//! The tasks of a parallel loop, a range of them for each thread. A thread begins with its own
//! range: loops over the same items, one after the other, find in its cache what it left there.
//! Then it helps with the ranges of the others.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::cache_line::CacheLine;

/// The most ranges: more threads share them.
const RANGES: usize = 8;

thread_local! {
    /// The number of a thread of the pool; callers are 0.
    static THREAD: Cell<usize> = const { Cell::new(0) };
}

/// Gives the calling thread its number.
pub(super) fn set_thread(number: usize) {
    THREAD.set(number);
}

pub(super) struct Ranges {
    tasks: usize,
    count: usize,
    /// The first task of each range that nobody has claimed.
    next: [CacheLine<AtomicUsize>; RANGES],
}

impl Ranges {
    pub(super) fn new(tasks: usize, threads: usize) -> Self {
        let count = threads.clamp(1, RANGES);
        let first = |range| CacheLine(AtomicUsize::new(tasks * range / count));
        Self { tasks, count, next: std::array::from_fn(first) }
    }

    /// Calls `task` for every task that is still to be claimed, this thread's own first.
    pub(super) fn claim(&self, task: impl Fn(usize)) {
        let own = THREAD.get();
        for range in (own..own + self.count).map(|range| range % self.count) {
            let end = self.tasks * (range + 1) / self.count;
            loop {
                let index = self.next[range].0.fetch_add(1, Ordering::Relaxed);
                if index >= end {
                    break;
                }
                task(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_begins_with_its_own_range() {
        for (number, expected) in [(0, [0, 1, 2, 3, 4]), (1, [1, 2, 3, 4, 0]), (5, [3, 4, 0, 1, 2])]
        {
            let order = std::sync::Mutex::new(Vec::new());
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    set_thread(number);
                    Ranges::new(5, 3).claim(|task| order.lock().unwrap().push(task));
                });
            });
            assert_eq!(order.into_inner().unwrap(), expected);
        }
    }
}
