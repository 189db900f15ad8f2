//! Steps that threads take side by side, each its own part of every step: a sequence through a
//! recurrent cell. What a part reads again at every step stays in one thread's cache, and threads
//! meet by reading each other's progress, which is a fraction of what a parallel loop a step costs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use smallvec::SmallVec;

use super::cache_line::CacheLine;
use super::threads::parallel_for;

/// How often a thread looks for a part's progress without a pause in between.
const EAGER: usize = 100;
/// How often it looks before it takes the part's step itself.
const PATIENCE: usize = 500;
/// How often it looks before it lets others have its core.
const SPINS: usize = 4_000;

/// Calls `task(part, step)` for all parts and steps, each once; no part begins a step before all
/// parts have ended the one before it.
///
/// Threads keep to a part each. The parts of those that have not come, or were sent away by the
/// system, are taken by those that are there: nothing waits for a thread that is not working.
/// `work`: that of all steps, see [`parallel_for`].
pub(crate) fn parallel_steps(
    parts: usize,
    steps: usize,
    work: usize,
    task: impl Fn(usize, usize) + Sync,
) {
    let progress: SmallVec<[PartProgress; 4]> =
        (0..parts).map(|_| PartProgress::default()).collect();
    let failed = AtomicBool::new(false);
    let team = Team { parts: &progress, failed: &failed, task: &task };
    parallel_for(parts, work, |own| team.follow(own, steps));
}

/// How far a part is. Claims are written at every step by whoever takes it, `done` is read by all.
#[derive(Default)]
struct PartProgress {
    claimed: CacheLine<AtomicUsize>,
    seen: CacheLine<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Steps that have ended.
    done: AtomicUsize,
    /// Whether a thread has come for this part.
    attended: AtomicBool,
}

struct Team<'a, F> {
    parts: &'a [PartProgress],
    /// Whether a task has panicked: the others end, too.
    failed: &'a AtomicBool,
    task: &'a F,
}

impl<F: Fn(usize, usize) + Sync> Team<'_, F> {
    /// Takes the part `own` through all steps.
    fn follow(&self, own: usize, steps: usize) {
        self.parts[own].seen.0.attended.store(true, Ordering::Relaxed);
        for step in 0..steps {
            self.take(own, step);
            (0..self.parts.len()).for_each(|part| self.wait(part, step));
            if self.failed.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    /// Takes a part's step, unless somebody has.
    fn take(&self, part: usize, step: usize) {
        let PartProgress { claimed, seen } = &self.parts[part];
        let claim =
            claimed.0.compare_exchange(step, step + 1, Ordering::Relaxed, Ordering::Relaxed);
        if claim.is_ok() {
            let fails = Fails(self.failed);
            (self.task)(part, step);
            std::mem::forget(fails);
            seen.0.done.store(step + 1, Ordering::Release);
        }
    }

    /// Returns when a part's step has ended, by another's work or by this thread's.
    fn wait(&self, part: usize, step: usize) {
        let seen = &self.parts[part].seen.0;
        let mut spins = 0;
        while seen.done.load(Ordering::Acquire) <= step && !self.failed.load(Ordering::Relaxed) {
            if spins == PATIENCE || !seen.attended.load(Ordering::Relaxed) {
                self.take(part, step);
            }
            spins += 1;
            match spins {
                ..EAGER => {}
                EAGER..SPINS => std::hint::spin_loop(),
                _ => std::thread::yield_now(),
            }
        }
    }
}

/// Tells the others when a task panics.
struct Fails<'a>(&'a AtomicBool);

impl Drop for Fails<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::with_count;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    const LARGE: usize = 1_000_000;

    #[test]
    fn no_part_begins_before_all_have_ended_the_step_before() {
        for threads in [1, 2, 3, 8] {
            let many = if cfg!(miri) { 10 } else { 300 };
            for (parts, steps) in [(1, 5), (2, many), (3, 10), (8, 4), (2, 0)] {
                let ended: Vec<_> = (0..steps).map(|_| AtomicUsize::new(0)).collect();
                let task = |_, step: usize| {
                    if step > 0 {
                        assert_eq!(ended[step - 1].load(Ordering::Relaxed), parts);
                    }
                    ended[step].fetch_add(1, Ordering::Relaxed);
                };
                with_count(threads, || parallel_steps(parts, steps, LARGE, task));
                assert!(ended.iter().all(|count| count.load(Ordering::Relaxed) == parts));
            }
        }
    }

    #[test]
    fn a_panic_ends_all_parts_and_reaches_the_caller() {
        for threads in [1, 2, 4] {
            let task = |part, step| assert_ne!((part, step), (1, 7), "task");
            let run = || with_count(threads, || parallel_steps(3, 20, LARGE, task));
            assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        }
    }
}
