//! The thread pool: parallel loops whose results never depend on the number of threads.
//!
//! A loop is a number of tasks fixed by the problem's size; threads claim tasks one by one, each
//! from a range of its own first, then from the others' (`ranges.rs`). The caller works too
//! and never waits for a worker that has not joined, so a loop costs little more than its tasks.
//! Workers spin for some microseconds after a loop, then park; a parked worker is woken only for
//! work that outlasts the waking.

use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::Thread;

use super::cache_line::CacheLine;
use super::denormals;
use super::ranges::{Ranges, set_thread};
use super::shared_mut::SharedMut;

/// Work (in units of about a nanosecond on one core) below which a loop runs on the caller alone.
/// Under Miri every loop is shared: its tests are small.
const PARALLEL_WORK: usize = if cfg!(miri) { 0 } else { 4_000 };
/// Work below which a parked worker is left asleep.
const WAKING_WORK: usize = 40_000;
/// How often an idle worker looks for work before it parks: about 30 µs.
const SPINS: usize = 2_000;
/// The most threads a loop can use.
pub const MAX_THREADS: usize = 256;

/// How many threads parallel loops use, the caller included.
pub fn count() -> usize {
    match (OVERRIDE.get(), COUNT.load(Ordering::Relaxed)) {
        (0, 0) => default_count(),
        (0, count) | (count, _) => count,
    }
}

/// Sets how many threads parallel loops use, from 1 to [`MAX_THREADS`]. Results do not depend on
/// it. Without a call it is the environment's `GLASSBOX_THREADS`, or the number of cores.
pub fn set_count(count: usize) {
    COUNT.store(count.clamp(1, MAX_THREADS), Ordering::Relaxed);
}

/// Runs `f` with `count` threads for the loops that the calling thread starts in it.
pub fn with_count<R>(count: usize, f: impl FnOnce() -> R) -> R {
    struct Restore(usize);
    impl Drop for Restore {
        fn drop(&mut self) {
            OVERRIDE.set(self.0);
        }
    }
    let _restore = Restore(OVERRIDE.replace(count.clamp(1, MAX_THREADS)));
    f()
}

static COUNT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static OVERRIDE: Cell<usize> = const { Cell::new(0) };
}

fn default_count() -> usize {
    static DEFAULT: OnceLock<usize> = OnceLock::new();
    *DEFAULT.get_or_init(|| {
        let asked = std::env::var("GLASSBOX_THREADS").ok().and_then(|n| n.parse().ok());
        let cores = || std::thread::available_parallelism().map_or(1, |n| n.get());
        asked.unwrap_or_else(cores).clamp(1, MAX_THREADS)
    })
}

/// Calls `task(0)` to `task(tasks - 1)`, each once, in any order and on any thread.
///
/// `work` estimates the whole loop in nanoseconds of one core: small loops stay on the caller.
/// Inside another parallel loop, or while another thread runs one, the tasks run here in order.
#[inline]
pub(crate) fn parallel_for(tasks: usize, work: usize, task: impl Fn(usize) + Sync) {
    if tasks == 1 {
        return task(0);
    }
    parallel_tasks(tasks, work, &task);
}

/// As [`parallel_for`], for any number of tasks.
fn parallel_tasks(tasks: usize, work: usize, task: &(impl Fn(usize) + Sync)) {
    let threads = count().min(tasks);
    if threads <= 1 || work < PARALLEL_WORK || BUSY.swap(true, Ordering::Acquire) {
        (0..tasks).for_each(task);
        return;
    }
    let ranges = Ranges::new(tasks, threads);
    let outcome = pool().run(threads, work >= WAKING_WORK, &|| ranges.claim(task));
    BUSY.store(false, Ordering::Release);
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// Whether a parallel loop is running: there is one at a time.
static BUSY: AtomicBool = AtomicBool::new(false);

/// Splits `values` into chunks of `chunk` elements and calls `task(start, part)` for each, in
/// parallel. The split depends on lengths alone. `work` estimates the whole loop in nanoseconds of
/// one core: small loops stay on the caller.
pub fn parallel_chunks<T: Send>(
    values: &mut [T],
    chunk: usize,
    work: usize,
    task: impl Fn(usize, &mut [T]) + Sync,
) {
    let (length, shared) = (values.len(), SharedMut::new(values));
    parallel_for(length.div_ceil(chunk), work, |index| {
        let start = index * chunk;
        // SAFETY: chunks of different indices do not overlap and end within `values`.
        task(start, unsafe { shared.slice(start, chunk.min(length - start)) });
    });
}

type Claim<'a> = &'a (dyn Fn() + Sync);
type Payload = Box<dyn std::any::Any + Send>;
type Outcome = Result<(), Payload>;

/// The state word: how many workers are inside (low bits), whether the loop is open, its number.
const OPEN: u64 = 1 << 15;
const INSIDE: u64 = OPEN - 1;
const LOOP: u64 = 1 << 16;

struct Pool {
    state: CacheLine<AtomicU64>,
    job: UnsafeCell<Option<Job>>,
    threads: AtomicUsize,
    panic: Mutex<Option<Payload>>,
    workers: Mutex<Vec<Thread>>,
    parked: Vec<CacheLine<AtomicBool>>,
}

#[derive(Clone, Copy)]
struct Job {
    claim: Claim<'static>,
    control: u32,
}

// SAFETY: `job` is written by `run` only while the state word says that the loop is closed and no
// worker is inside, and read by workers only between entering an open loop and leaving it; the
// word's release and acquire operations order the two. `run` itself is entered by one thread at a
// time (`BUSY`).
unsafe impl Sync for Pool {}

fn pool() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| Pool {
        state: CacheLine(AtomicU64::new(0)),
        job: UnsafeCell::new(None),
        threads: AtomicUsize::new(0),
        panic: Mutex::new(None),
        workers: Mutex::new(Vec::new()),
        parked: (0..MAX_THREADS).map(|_| CacheLine(AtomicBool::new(false))).collect(),
    })
}

impl Pool {
    /// Runs `claim` on the caller and on workers that join in time, until all have returned.
    fn run(&'static self, threads: usize, wake: bool, claim: Claim<'_>) -> Outcome {
        self.start_workers(threads);
        // SAFETY: only the lifetime changes. Workers call `claim` only while they are counted
        // inside the loop, and this function does not return before the loop is closed and that
        // count is zero.
        let claim_static = unsafe { std::mem::transmute::<Claim<'_>, Claim<'static>>(claim) };
        let job = Job { claim: claim_static, control: denormals::control() };
        // SAFETY: the previous loop is closed with nobody inside, see `impl Sync for Pool`.
        unsafe { *self.job.get() = Some(job) };
        self.threads.store(threads, Ordering::Relaxed);
        let number = self.state.0.load(Ordering::Relaxed) / LOOP + 1;
        self.state.0.store((number * LOOP) | OPEN, Ordering::SeqCst);
        if wake {
            self.wake(threads);
        }
        let mine = catch_unwind(AssertUnwindSafe(claim));
        let mut state = self.state.0.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0;
        while state & INSIDE != 0 {
            spins += 1;
            if spins < 2 * SPINS {
                std::hint::spin_loop()
            } else {
                std::thread::yield_now()
            }
            state = self.state.0.load(Ordering::Acquire);
        }
        mine?;
        match self.panic.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(panic) => Err(panic),
            None => Ok(()),
        }
    }

    fn wake(&self, threads: usize) {
        let any = |t: &usize| self.parked[*t].0.load(Ordering::SeqCst);
        if (1..threads).any(|t| any(&t)) {
            let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
            (1..threads).filter(any).filter_map(|t| workers.get(t - 1)).for_each(Thread::unpark);
        }
    }

    /// Starts workers until there are `threads - 1`. Failing to start one leaves fewer: the loop
    /// still runs.
    fn start_workers(&'static self, threads: usize) {
        if self.threads.load(Ordering::Relaxed) >= threads {
            return;
        }
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        while workers.len() + 1 < threads {
            let index = workers.len() + 1;
            let builder = std::thread::Builder::new().name(format!("glassbox-{index}"));
            match builder.spawn(move || self.work(index)) {
                Ok(handle) => workers.push(handle.thread().clone()),
                Err(_) => break,
            }
        }
    }

    fn is_for(&self, index: usize, state: u64, seen: u64) -> bool {
        state & OPEN != 0 && state / LOOP != seen && index < self.threads.load(Ordering::Relaxed)
    }

    fn work(&self, index: usize) -> ! {
        set_thread(index);
        let (mut seen, mut spins) = (0, 0);
        let default_control = denormals::control();
        loop {
            let state = self.state.0.load(Ordering::Acquire);
            if self.is_for(index, state, seen) {
                let enter = self.state.0.compare_exchange(
                    state,
                    state + 1,
                    Ordering::AcqRel,
                    Ordering::Relaxed,
                );
                if enter.is_ok() {
                    seen = state / LOOP;
                    self.join();
                    self.state.0.fetch_sub(1, Ordering::Release);
                    spins = 0;
                }
                continue;
            }
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
                continue;
            }
            denormals::set_control(default_control);
            self.parked[index].0.store(true, Ordering::SeqCst);
            if !self.is_for(index, self.state.0.load(Ordering::SeqCst), seen) {
                std::thread::park();
            }
            self.parked[index].0.store(false, Ordering::SeqCst);
            spins = 0;
        }
    }

    /// Works on the open loop that this thread has entered.
    fn join(&self) {
        // SAFETY: this worker is counted inside an open loop, so `job` is not written meanwhile.
        let Some(job) = (unsafe { *self.job.get() }) else { return };
        if denormals::control() != job.control {
            denormals::set_control(job.control);
        }
        if let Err(panic) = catch_unwind(AssertUnwindSafe(job.claim)) {
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: usize = 1_000_000;

    #[test]
    fn every_task_runs_once() {
        for threads in [1, 2, 3, 8] {
            with_count(threads, || {
                for tasks in [0, 1, 2, 7, 1000] {
                    let runs: Vec<_> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                    parallel_for(tasks, LARGE, |i| {
                        runs[i].fetch_add(1, Ordering::Relaxed);
                    });
                    assert!(runs.iter().all(|r| r.load(Ordering::Relaxed) == 1));
                }
            });
        }
    }

    #[test]
    fn loops_nest() {
        let sum = AtomicUsize::new(0);
        with_count(4, || {
            parallel_for(10, LARGE, |_| {
                parallel_for(10, LARGE, |_| {
                    sum.fetch_add(1, Ordering::Relaxed);
                });
            });
        });
        assert_eq!(sum.into_inner(), 100);
    }

    #[test]
    fn many_callers_at_once() {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..if cfg!(miri) { 3 } else { 200 } {
                        let mut values = vec![0u32; 1000];
                        parallel_chunks(&mut values, 64, LARGE, |start, part| {
                            for (i, v) in part.iter_mut().enumerate() {
                                *v = (start + i) as u32;
                            }
                        });
                        assert!(values.into_iter().eq(0..1000));
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_in_a_task_reaches_the_caller_and_leaves_the_pool_usable() {
        let outcome = catch_unwind(|| {
            with_count(3, || parallel_for(100, LARGE, |i| assert_ne!(i, 57, "task")));
        });
        assert!(outcome.is_err());
        every_task_runs_once();
    }
}
