//! How fast tables are read, on one thread, and how much memory it takes: one line of JSON for each
//! number of columns.
#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;
use glassbox::data::CsvConfig;
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How fast tables are read, and how much memory it takes.
#[derive(Parser)]
struct Arguments {
    /// Columns of the table. One process measures one, so that peaks of memory are its own.
    #[arg(long, default_value_t = 1000)]
    columns: usize,
    /// Megabytes of the file.
    #[arg(long, default_value_t = 100)]
    megabytes: usize,
    /// How often the file is read; the fastest counts.
    #[arg(long, default_value_t = 3)]
    times: usize,
    /// Write numbers with a decimal comma.
    #[arg(long)]
    comma: bool,
    /// Where to write the file for the time of the measurement.
    #[arg(long, default_value = "/tmp/glassbox-bench.csv")]
    file: PathBuf,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let (bytes, numbers) = write(&arguments)?;
    let config = CsvConfig { path: arguments.file.clone(), ..Default::default() };
    let mut fastest = f64::INFINITY;
    for _ in 0..arguments.times {
        let start = Instant::now();
        let loaded = config.load(Path::new(""))?;
        fastest = fastest.min(start.elapsed().as_secs_f64());
        assert_eq!(loaded.dataset.features().len(), arguments.columns - 1);
    }
    std::fs::remove_file(&arguments.file)?;
    let peak = peak_memory();
    println!(
        "{}",
        json!({
            "columns": arguments.columns,
            "bytes": bytes,
            "megabytes_per_second": (bytes as f64 / fastest / 1e5).round() / 10.0,
            "numbers_bytes": 8 * numbers,
            "peak_bytes": peak,
            "peak_per_number_byte": peak.map(|peak| peak as f64 / (8 * numbers) as f64),
        })
    );
    Ok(())
}

/// Writes rows of numbers with four decimals. The bytes of the file and its numbers.
fn write(arguments: &Arguments) -> Result<(usize, usize), Box<dyn std::error::Error>> {
    use std::io::Write as _;
    let mut out = std::io::BufWriter::new(std::fs::File::create(&arguments.file)?);
    let (delimiter, point) = if arguments.comma { (';', ",") } else { (',', ".") };
    let names: Vec<String> = (0..arguments.columns).map(|index| format!("c{index}")).collect();
    let mut line = names.join(&delimiter.to_string());
    let (mut bytes, mut rows, mut state) = (0, 0, 1u64);
    while bytes < arguments.megabytes * 1_000_000 {
        line.push('\n');
        out.write_all(line.as_bytes())?;
        bytes += line.len();
        rows += 1;
        line.clear();
        for index in 0..arguments.columns {
            // Knuth's constants of a linear congruential generator (MMIX).
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = (state >> 40) as i64 - (1 << 23);
            if index > 0 {
                line.push(delimiter);
            }
            let sign = if value < 0 { "-" } else { "" };
            let value = value.abs();
            write!(line, "{sign}{}{point}{:04}", value / 10_000, value % 10_000)?;
        }
    }
    out.flush()?;
    Ok((bytes, (rows - 1) * arguments.columns))
}

/// The most memory the process had, where the system tells.
fn peak_memory() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(1024 * kib)
}
