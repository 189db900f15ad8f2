//! Steady-state training takes nothing from the system.
//!
//! After a few steps in which pools and scratch space grow, no step of any workload calls the
//! allocator: not for activations, gradients or scratch, nor for the graph and the optimizer.

use std::alloc::System;
use std::process::ExitCode;

use glassbox_bench::WORKLOADS;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const WARM_UP: usize = 3;
const MEASURED: usize = 2;

fn main() -> ExitCode {
    let mut failed = 0;
    for (name, make) in WORKLOADS {
        let mut workload = make().expect("the workloads' models are possible");
        (0..WARM_UP).for_each(|_| _ = workload.step());
        let region = Region::new(ALLOCATOR);
        (0..MEASURED).for_each(|_| _ = workload.step());
        let change = region.change();
        let calls = change.allocations + change.reallocations;
        println!(
            "{name}: {calls} allocations, {} bytes in {MEASURED} steps",
            change.bytes_allocated
        );
        failed += usize::from(calls > 0);
    }
    println!("{} passed, {failed} failed", WORKLOADS.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
