//! Times training steps, inference and generation: one line of JSON for each workload, as the
//! peers' programs print it.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use glassbox::nn::Probe;
use glassbox::{Precision, denormals, pool, threads};
use glassbox_bench::{Everywhere, INFERENCE, Times, WORKLOADS, Workload, milliseconds};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Times training steps, inference and generation: one line of JSON for each workload.
#[derive(Parser)]
struct Arguments {
    /// Threads that parallel loops use.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Only the workloads whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Only the workload of exactly this name; or one that a TOML file describes: the layers as in
    /// a recipe, and `batch` and `input`, the shape of one item.
    #[arg(long)]
    workload: Option<String>,
    /// How long to time each.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Print the losses of training steps 1 and 50 instead of times.
    #[arg(long)]
    check: bool,
    /// Convolutions of training steps by sums of products only.
    #[arg(long)]
    exact: bool,
    /// Print what a training step costs more when a probe takes the mean square of all values and
    /// gradients on both sides of every layer.
    #[arg(long)]
    probes: bool,
    /// Stop after the first training step.
    #[arg(long)]
    first: bool,
}

impl Arguments {
    fn want(&self, name: &str) -> bool {
        self.workload.as_ref().is_none_or(|workload| workload == name) && name.contains(&self.only)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    threads::set_count(arguments.threads);
    let _flush = denormals::flush();
    if let Some(file) = arguments.workload.as_ref().filter(|name| name.ends_with(".toml")) {
        let workload = Workload::of_file(Path::new(file))?;
        println!("{}", train(file, workload, &arguments));
        return Ok(());
    }
    for (name, make) in WORKLOADS.iter().filter(|(name, _)| arguments.want(name)) {
        println!("{}", train(name, make()?, &arguments));
    }
    if arguments.first || arguments.check || arguments.probes {
        return Ok(());
    }
    for (name, make) in INFERENCE.iter().filter(|(name, _)| arguments.want(name)) {
        let mut repeated = make()?;
        let items = repeated.items();
        println!("{}", time(name, items, &arguments, || _ = black_box(repeated.step())));
    }
    Ok(())
}

fn train(name: &str, mut workload: Workload, arguments: &Arguments) -> Value {
    if arguments.exact {
        workload.set_precision(Precision::Exact);
    }
    if arguments.first {
        workload.step();
        return json!({ "peer": "glassbox", "workload": name, "first": true });
    }
    if arguments.check {
        let losses: Vec<_> = (0..50).map(|_| workload.step()).collect();
        let (first, last) = (losses[0], losses[49]);
        return json!({ "peer": "glassbox", "workload": name, "loss_1": first, "loss_50": last });
    }
    if arguments.probes {
        return probed(name, workload, arguments.seconds);
    }
    time(name, workload.batch(), arguments, || _ = workload.step())
}

/// Steps without a probe and with one in turn.
fn probed(name: &str, mut workload: Workload, seconds: f64) -> Value {
    const TURNS: u32 = 8;
    let probe = Arc::new(Everywhere::default());
    workload.set_probe(Some(probe.clone()));
    workload.step();
    let tensors = probe.seen();
    let [mut plain, mut with] = [Times::default(), Times::default()];
    for _ in 0..TURNS {
        for (times, probe) in [(&mut plain, None), (&mut with, Some(probe.clone()))] {
            workload.set_probe(probe.map(|probe| probe as Arc<dyn Probe>));
            times.add(seconds / f64::from(2 * TURNS), || _ = workload.step());
        }
    }
    json!({
        "peer": "glassbox",
        "workload": name,
        "step_ms": milliseconds(plain.median()),
        "probed_ms": milliseconds(with.median()),
        "ratio": (with.median() / plain.median() * 1e3).round() / 1e3,
        "tensors": tensors,
    })
}

fn time(name: &str, items: usize, arguments: &Arguments, mut step: impl FnMut()) -> Value {
    let start = Instant::now();
    (0..3).for_each(|_| step());
    let warm = start.elapsed();
    let buffers = pool::fresh_buffers();
    let mut times = Times::default();
    times.add(arguments.seconds, step);
    json!({
        "peer": "glassbox",
        "threads": arguments.threads,
        "workload": name,
        "step_ms": milliseconds(times.median()),
        "min_ms": milliseconds(times.least()),
        "n": times.count(),
        "warm_s": (warm.as_secs_f64() * 1e2).round() / 1e2,
        "samples_per_s": (items as f64 / times.median() * 10.0).round() / 10.0,
        "fresh_buffers": pool::fresh_buffers() - buffers,
    })
}
