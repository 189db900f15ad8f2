//! Steady-state training takes nothing from the system.

use std::alloc::System;

use glassbox_bench::WORKLOADS;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// After a few steps in which pools and scratch space grow, no step of any workload calls the
/// allocator: not for activations, gradients or scratch, nor for the graph and the optimizer.
#[test]
fn steady_steps_allocate_nothing() {
    for (name, make) in WORKLOADS {
        let mut workload = make().unwrap();
        let warm_up = if name.starts_with("resnet") { 3 } else { 5 };
        (0..warm_up).for_each(|_| _ = workload.step());
        let region = Region::new(ALLOCATOR);
        (0..3).for_each(|_| _ = workload.step());
        let change = region.change();
        assert_eq!(
            (change.allocations, change.reallocations, change.bytes_allocated),
            (0, 0, 0),
            "{name}"
        );
    }
}
