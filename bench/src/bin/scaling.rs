//! What a training step costs as its sizes grow, against the most that this machine does.
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use glassbox::nn::BuildError;
use glassbox::{cpu_name, denormals, threads};
use glassbox_bench::{
    AXES, Axis, Peak, Product, Row, Times, WORKLOADS, Workload, milliseconds, peak_table, plot,
    product_table, products, step_table,
};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Times training steps of growing width, depth, batch, image size and sequence length, the
/// benchmark's workloads and their matrix products, as fractions of the measured peak.
#[derive(Parser)]
struct Arguments {
    /// Numbers of threads, timed in turn.
    #[arg(long, default_values_t = [1, 2], value_delimiter = ',', value_parser = count())]
    threads: Vec<usize>,
    /// How long to time each, each time.
    #[arg(long, default_value_t = 0.3)]
    seconds: f64,
    /// How many times to time each.
    #[arg(long, default_value_t = 2)]
    passes: usize,
    /// The matrix products of two workloads alone.
    #[arg(long)]
    products: bool,
    /// Print tables in Markdown instead of a line of JSON each.
    #[arg(long)]
    markdown: bool,
    /// Write the lines of JSON here.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the times over the sizes here, as SVG.
    #[arg(long, value_name = "FILE", conflicts_with = "products")]
    plot: Option<PathBuf>,
}

fn count() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=threads::MAX_THREADS as u64)
}

/// Everything that was measured.
struct Measured {
    peaks: Vec<Peak>,
    workloads: Vec<Row>,
    axes: Vec<(&'static str, Vec<Row>)>,
    /// On one thread.
    products: Vec<(Product, Times)>,
    single: Peak,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let _flush = denormals::flush();
    let measured = measure(&arguments)?;
    let lines = json_lines(&measured);
    if let Some(path) = &arguments.json {
        std::fs::write(path, &lines).map_err(|error| unwritten(path, &error))?;
    }
    if let Some(path) = &arguments.plot {
        std::fs::write(path, plot(&measured.axes, &measured.peaks)?)
            .map_err(|error| unwritten(path, &error))?;
    }
    let text = if arguments.markdown { markdown(&measured) } else { lines };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn unwritten(path: &std::path::Path, error: &std::io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}

fn measure(arguments: &Arguments) -> Result<Measured, Box<dyn Error>> {
    let counts: &[usize] = if arguments.products { &[1] } else { &arguments.threads };
    let mut peaks: Vec<_> = counts.iter().map(|&threads| Peak::measure(threads)).collect();
    let (mut workloads, mut axes) = (Vec::new(), Vec::new());
    if !arguments.products {
        for &(name, make) in WORKLOADS {
            workloads.push(time_steps(name.into(), make()?, arguments));
        }
        for Axis { name, sizes, make, .. } in AXES {
            let row = |&size: &usize| -> Result<Row, BuildError> {
                Ok(time_steps(size.to_string(), make(size)?, arguments))
            };
            axes.push((*name, sizes.iter().map(row).collect::<Result<_, _>>()?));
            // A shared machine is not always as fast.
            peaks.iter_mut().for_each(Peak::raise);
        }
    }
    threads::set_count(1);
    let mut timed: Vec<_> = products().into_iter().map(|p| (p, Times::default())).collect();
    for _ in 0..arguments.passes {
        for (product, times) in &mut timed {
            (0..10).for_each(|_| (product.make)());
            times.add(arguments.seconds, &mut product.make);
        }
    }
    peaks.iter_mut().for_each(Peak::raise);
    let single = peaks.iter().find(|peak| peak.threads == 1).copied();
    let single = single.unwrap_or_else(|| Peak::measure(1));
    Ok(Measured { peaks, workloads, axes, products: timed, single })
}

/// Times steps with each number of threads in turn.
fn time_steps(name: String, mut workload: Workload, arguments: &Arguments) -> Row {
    let mut times = vec![Times::default(); arguments.threads.len()];
    for _ in 0..arguments.passes {
        for (&count, times) in arguments.threads.iter().zip(&mut times) {
            threads::set_count(count);
            (0..3).for_each(|_| _ = workload.step());
            times.add(arguments.seconds, || _ = workload.step());
        }
    }
    Row { name, flops: workload.flops(), times }
}

fn json_lines(measured: &Measured) -> String {
    let Measured { peaks, workloads, axes, products, single } = measured;
    let tenths = |rate: f64| (rate * 10.0).round() / 10.0;
    let share = |fraction: f64| (fraction * 1e4).round() / 1e4;
    let mut lines = Vec::new();
    for Peak { threads, gflops, read, triad } in peaks {
        let [gflops, read, triad] = [gflops, read, triad].map(|rate| tenths(*rate));
        lines.push(json!({
            "peak": cpu_name(),
            "threads": threads,
            "gflops": gflops,
            "read_gb": read,
            "triad_gb": triad,
        }));
    }
    let mut steps = |axis: &str, row: &Row| {
        for (times, peak) in row.times.iter().zip(peaks) {
            let gflops = row.flops as f64 / times.least() / 1e9;
            lines.push(json!({
                "axis": axis,
                "size": row.name,
                "threads": peak.threads,
                "flops": row.flops,
                "step_ms": milliseconds(times.median()),
                "min_ms": milliseconds(times.least()),
                "n": times.count(),
                "gflops": tenths(gflops),
                "of_peak": share(gflops / peak.gflops),
            }));
        }
    };
    workloads.iter().for_each(|row| steps("workload", row));
    axes.iter().for_each(|(axis, rows)| rows.iter().for_each(|row| steps(axis, row)));
    for (product, times) in products {
        let gflops = product.flops() / times.least() / 1e9;
        lines.push(json!({
            "product": product.name,
            "workload": product.workload,
            "sizes": product.sizes,
            "repeats": product.repeats,
            "us": milliseconds(1e3 * times.median()),
            "min_us": milliseconds(1e3 * times.least()),
            "n": times.count(),
            "gflops": tenths(gflops),
            "of_peak": share(gflops / single.gflops),
        }));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn markdown(measured: &Measured) -> String {
    let Measured { peaks, workloads, axes, products, single } = measured;
    let mut parts =
        vec![format!("The most that this machine does ({}):", cpu_name()), peak_table(peaks)];
    if !workloads.is_empty() {
        parts.push("The workloads:".into());
        parts.push(step_table("workload", workloads, peaks));
    }
    for (axis, (name, rows)) in AXES.iter().zip(axes) {
        parts.push(format!("By {name}, {}:", axis.model));
        parts.push(step_table(name, rows, peaks));
    }
    parts.push("The matrix products of two workloads:".into());
    parts.push(product_table(products, single));
    parts.iter().map(|part| part.trim_end()).collect::<Vec<_>>().join("\n\n") + "\n"
}
