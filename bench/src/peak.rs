//! The most that this machine does: multiply-adds from registers, and values to and from memory.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use glassbox::{Tensor, measure, pool};

/// What a number of threads reaches at most.
#[derive(Clone, Copy, Debug)]
pub struct Peak {
    /// Threads at work.
    pub threads: usize,
    /// Single-precision operations, two a multiply-add, in 10⁹ a second.
    pub gflops: f64,
    /// Reading alone, 10⁹ bytes a second.
    pub read: f64,
    /// `a = b + s · c` of arrays in memory (McCalpin 1995), 10⁹ bytes a second without what the
    /// cache reads of `a` before it is written.
    pub triad: f64,
}

/// Values of the three arrays together: 768 MiB, more than caches hold.
const VALUES: usize = 3 << 26;
/// Repetitions, of which the best counts.
const BURSTS: usize = 200;
const PASSES: usize = 5;
/// About a millisecond: short enough to go undisturbed now and then.
const ROUNDS: u64 = 500_000;

impl Peak {
    /// Measures both.
    pub fn measure(threads: usize) -> Self {
        let each = VALUES / 3 / threads;
        let mut arrays: Vec<[Tensor; 3]> = (0..threads)
            .map(|_| [0.0, 1.0, 2.0].map(|value| Tensor::full([each], value)))
            .collect();
        let read =
            best_rate(PASSES, &mut arrays, |arrays| read(arrays.each_ref().map(Tensor::as_slice)));
        let triad = best_rate(PASSES, &mut arrays, |[a, b, c]| {
            triad(a.make_mut(), b.as_slice(), c.as_slice())
        });
        drop(arrays);
        pool::trim();
        let scale = |rate: f64| rate / 1e9;
        Self { threads, gflops: gflops(threads), read: scale(read), triad: scale(triad) }
    }

    /// Measures the operations again and keeps the better figure: a shared machine is not always
    /// as fast.
    pub fn raise(&mut self) {
        self.gflops = self.gflops.max(gflops(self.threads));
    }
}

fn gflops(threads: usize) -> f64 {
    let mut nothing = vec![(); threads];
    best_rate(BURSTS, &mut nothing, |()| measure::fused_multiply_adds(ROUNDS)) / 1e9
}

/// Runs `work` on a thread for each of `states`, all from one moment on, and answers the sum of
/// what they report, a second: the best of some repetitions.
fn best_rate<S: Send>(repetitions: usize, states: &mut [S], work: fn(&mut S) -> u64) -> f64 {
    let count = states.len();
    let rates = (0..repetitions).map(|_| {
        let ready = AtomicUsize::new(0);
        let run = |state: &mut S| {
            ready.fetch_add(1, Ordering::AcqRel);
            while ready.load(Ordering::Acquire) < count {
                std::hint::spin_loop();
            }
            let start = Instant::now();
            (work(state), start, Instant::now())
        };
        let ran: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                states.iter_mut().map(|state| scope.spawn(|| run(state))).collect();
            threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
        });
        let done: u64 = ran.iter().map(|(done, ..)| done).sum();
        let start = ran.iter().map(|(_, start, _)| *start).min();
        let end = ran.iter().map(|(.., end)| *end).max();
        start.zip(end).map_or(0.0, |(start, end)| done as f64 / (end - start).as_secs_f64())
    });
    rates.fold(0.0, f64::max)
}

/// Sums three arrays side by side, for one alone waits for memory; answers the bytes read.
fn read(arrays: [&[f32]; 3]) -> u64 {
    // Twelve registers of the smallest vectors.
    let [a, b, c] = arrays.map(|array| array.as_chunks::<16>().0);
    let mut sums = [[0.0; 16]; 3];
    for ((a, b), c) in a.iter().zip(b).zip(c) {
        for (sums, values) in sums.iter_mut().zip([a, b, c]) {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
    }
    std::hint::black_box(sums);
    3 * size_of_val(a) as u64
}

/// Answers the bytes read and written.
fn triad(a: &mut [f32], b: &[f32], c: &[f32]) -> u64 {
    let factor = std::hint::black_box(3.0);
    a.iter_mut().zip(b).zip(c).for_each(|((a, b), c)| *a = b + factor * c);
    3 * size_of_val(std::hint::black_box(a)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_and_values_computed() {
        assert_eq!(read([&[1.0; 128]; 3]), 3 * 512);
        let mut a = [0.0; 4];
        assert_eq!(triad(&mut a, &[1.0; 4], &[2.0; 4]), 48);
        assert_eq!(a, [7.0; 4]);
    }

    #[test]
    fn rates_add_up_over_threads() {
        let wait = |(): &mut ()| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            100
        };
        let (one, two) = (best_rate(2, &mut [()], wait), best_rate(2, &mut [(), ()], wait));
        assert!(one > 0.0 && one <= 5000.0, "{one}");
        assert!(two > 0.0 && two <= 10_000.0, "{two}");
    }
}
