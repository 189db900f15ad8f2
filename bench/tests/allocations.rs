//! Steady-state training takes nothing from the system.
//!
//! After a few steps in which pools and scratch space grow, no step of any workload calls the
//! allocator: not for activations, gradients or scratch, nor for the graph and the optimizer. Which
//! thread takes which task is chance, and one that meets a kind of block for the first time takes
//! scratch space for it: a few more steps may go by before nobody does.

use std::alloc::System;
use std::process::ExitCode;

use glassbox_bench::WORKLOADS;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const WARM_UP: usize = 3;
const MEASURED: usize = 2;
/// How often these steps may be tried until none of them allocates.
const TRIES: usize = 6;

fn main() -> ExitCode {
    let mut failed = 0;
    for (name, make) in WORKLOADS {
        let mut workload = make().expect("the workloads' models are possible");
        (0..WARM_UP).for_each(|_| _ = workload.step());
        let mut calls = 0;
        for _ in 0..TRIES {
            let region = Region::new(ALLOCATOR);
            (0..MEASURED).for_each(|_| _ = workload.step());
            let change = region.change();
            calls = change.allocations + change.reallocations;
            let bytes = change.bytes_allocated;
            println!("{name}: {calls} allocations, {bytes} bytes in {MEASURED} steps");
            if calls == 0 {
                break;
            }
        }
        failed += usize::from(calls > 0);
    }
    println!("{} passed, {failed} failed", WORKLOADS.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
