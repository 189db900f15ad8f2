//! Times training steps: one line of JSON for each workload, as the peers' programs print it.
#![forbid(unsafe_code)]

use std::time::Instant;

use clap::Parser;
use glassbox::{Precision, denormals, pool, threads};
use glassbox_bench::{Times, WORKLOADS, Workload, milliseconds};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Times training steps: one line of JSON for each workload.
#[derive(Parser)]
struct Arguments {
    /// Threads that parallel loops use.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Only the workloads whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// How long to time each.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Print the losses of steps 1 and 50 instead of times.
    #[arg(long)]
    check: bool,
    /// Convolutions by sums of products only.
    #[arg(long)]
    exact: bool,
    /// Stop after the first step.
    #[arg(long)]
    first: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    threads::set_count(arguments.threads);
    let _flush = denormals::flush();
    for (name, make) in WORKLOADS.iter().filter(|(name, _)| name.contains(&arguments.only)) {
        let mut workload = make()?;
        if arguments.exact {
            workload.set_precision(Precision::Exact);
        }
        if arguments.first {
            workload.step();
            println!("{}", json!({ "peer": "glassbox", "first": name }));
        } else if arguments.check {
            let losses: Vec<_> = (0..50).map(|_| workload.step()).collect();
            let (first, last) = (losses[0], losses[49]);
            println!(
                "{}",
                json!({ "peer": "glassbox", "workload": name, "loss_1": first, "loss_50": last })
            );
        } else {
            println!("{}", time(name, &mut workload, &arguments));
        }
    }
    Ok(())
}

fn time(name: &str, workload: &mut Workload, arguments: &Arguments) -> serde_json::Value {
    let start = Instant::now();
    (0..3).for_each(|_| _ = workload.step());
    let warm = start.elapsed();
    let buffers = pool::fresh_buffers();
    let mut times = Times::default();
    times.add(arguments.seconds, || _ = workload.step());
    json!({
        "peer": "glassbox",
        "threads": arguments.threads,
        "workload": name,
        "step_ms": milliseconds(times.median()),
        "min_ms": milliseconds(times.least()),
        "n": times.count(),
        "warm_s": (warm.as_secs_f64() * 1e2).round() / 1e2,
        "samples_per_s": (workload.batch() as f64 / times.median() * 10.0).round() / 10.0,
        "fresh_buffers": pool::fresh_buffers() - buffers,
    })
}
