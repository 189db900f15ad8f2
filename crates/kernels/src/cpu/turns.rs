//! Operands that are larger than a cache and are read again and again, such as a layer's weight:
//! read from either end in turn, what was read last is met again.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::threads::{self, parallel_for};

/// Values of an operand that is worth it: smaller ones stay in the second-level cache.
const LARGE: usize = 1 << 18;

/// Whether the next reading of an operand begins at its end. Operands that share an entry are read
/// correctly all the same.
static BACKWARDS: [AtomicBool; 64] = [const { AtomicBool::new(false) }; 64];

/// As [`parallel_for`], for tasks that read `operand` part by part in their order: if it is large,
/// each thread runs through the same of them every time, forwards and backwards in turn.
pub(crate) fn in_turn(operand: &[f32], tasks: usize, work: usize, task: impl Fn(usize) + Sync) {
    if operand.len() < LARGE || tasks == 1 {
        return parallel_for(tasks, work, task);
    }
    let page = operand.as_ptr().addr() >> 12;
    let entry = &BACKWARDS[(page ^ page >> 6) % BACKWARDS.len()];
    let backwards = entry.fetch_xor(true, Ordering::Relaxed);
    let parts = threads::count().min(tasks);
    parallel_for(parts, work, |part| {
        let (from, to) = (tasks * part / parts, tasks * (part + 1) / parts);
        for index in 0..to - from {
            task(if backwards { to - 1 - index } else { from + index });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once_and_the_order_turns() {
        for (length, tasks) in [(LARGE, 7), (LARGE, 1), (LARGE, 0), (LARGE - 1, 5)] {
            let operand = vec![0.0; length];
            for count in [1, 2, 3, 8] {
                let orders: [Vec<usize>; 2] = std::array::from_fn(|_| {
                    let order = std::sync::Mutex::new(Vec::new());
                    threads::with_count(count, || {
                        in_turn(&operand, tasks, 1 << 20, |task| order.lock().unwrap().push(task));
                    });
                    order.into_inner().unwrap()
                });
                for order in &orders {
                    let mut sorted = order.clone();
                    sorted.sort_unstable();
                    assert_eq!(sorted, (0..tasks).collect::<Vec<_>>());
                }
                if count == 1 {
                    let [first, mut second] = orders;
                    if length == LARGE {
                        second.reverse();
                    }
                    assert_eq!(first, second);
                }
            }
        }
    }
}
