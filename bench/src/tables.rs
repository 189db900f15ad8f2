//! What was measured, as Markdown and as a plot.

use std::fmt::Write;

use glassbox_report::{Line, LinePlot, ReportError, panels};

use crate::peak::Peak;
use crate::products::Product;
use crate::timing::Times;

/// A workload, or a size of an axis.
pub struct Row {
    /// Its name or size.
    pub name: String,
    /// Floating-point operations of a step's products.
    pub flops: u64,
    /// What steps took, for each number of threads.
    pub times: Vec<Times>,
}

/// The peaks.
pub fn peak_table(peaks: &[Peak]) -> String {
    let mut text = String::from(
        "| threads | multiply-adds, GFLOP/s | memory, read, GB/s | memory, triad, GB/s |\n\
         |---|---|---|---|\n",
    );
    for Peak { threads, gflops, read, triad } in peaks {
        let _ = writeln!(text, "| {threads} | {gflops:.0} | {read:.1} | {triad:.1} |");
    }
    text
}

/// Steps, a row each; `what` they are, and the peaks of the numbers of threads that were timed.
/// Rates and fractions are those of the shortest step, for the peak is that of the best burst.
pub fn step_table(what: &str, rows: &[Row], peaks: &[Peak]) -> String {
    let mut text = format!("| {what} | GFLOP a step |");
    for peak in peaks {
        let _ = write!(text, " {}, ms | GFLOP/s | of the peak |", threads(peak));
    }
    let _ = writeln!(text, "\n{}|", "|---".repeat(2 + 3 * peaks.len()));
    for Row { name, flops, times } in rows {
        let flops = *flops as f64;
        let _ = write!(text, "| {name} | {} |", digits(flops / 1e9));
        for (times, peak) in times.iter().zip(peaks) {
            let gflops = flops / times.least() / 1e9;
            let _ = write!(
                text,
                " {} / {} | {} | {:.0} % |",
                digits(1e3 * times.median()),
                digits(1e3 * times.least()),
                digits(gflops),
                100.0 * gflops / peak.gflops
            );
        }
        text.push('\n');
    }
    text
}

fn threads(peak: &Peak) -> String {
    format!("{} thread{}", peak.threads, if peak.threads == 1 { "" } else { "s" })
}

/// The products of workloads, each with its times, and all of a workload together, against the
/// peak of one thread.
pub fn product_table(products: &[(Product, Times)], peak: &Peak) -> String {
    let mut text = String::from(
        "| product | rows × shared × columns | a step | 1 thread, µs | GFLOP/s | of the peak |\n\
         |---|---|---|---|---|---|\n",
    );
    let mut end = |name: &str, sizes: &str, repeats: &str, seconds: &str, gflops: f64| {
        let percent = 100.0 * gflops / peak.gflops;
        let gflops = digits(gflops);
        let _ = writeln!(
            text,
            "| {name} | {sizes} | {repeats} | {seconds} | {gflops} | {percent:.0} % |"
        );
    };
    for group in products.chunk_by(|(a, _), (b, _)| a.workload == b.workload) {
        let (mut flops, mut seconds) = (0.0, 0.0);
        for (product, times) in group {
            let (median, least) = (times.median(), times.least());
            end(
                &product.name,
                &product.sizes.map(|size| size.to_string()).join(" × "),
                &product.repeats.to_string(),
                &format!("{} / {}", digits(1e6 * median), digits(1e6 * least)),
                product.flops() / least / 1e9,
            );
            flops += product.repeats * product.flops();
            seconds += product.repeats * least;
        }
        let name = format!("**{}, all**", group[0].0.workload);
        end(&name, "", "", &digits(1e6 * seconds), flops / seconds / 1e9);
    }
    text
}

/// The time of a step over the size of each axis, and what it would be at the peak.
///
/// # Errors
/// When it cannot be drawn.
pub fn plot(axes: &[(&str, Vec<Row>)], peaks: &[Peak]) -> Result<String, ReportError> {
    let plots: Vec<_> = axes.iter().map(|(name, rows)| axis_plot(name, rows, peaks)).collect();
    panels(&plots, 2)
}

fn axis_plot(name: &str, rows: &[Row], peaks: &[Peak]) -> LinePlot {
    let line = |name: String, milliseconds: &dyn Fn(&Row) -> f64| {
        let point = |row: &Row| Some((row.name.parse().ok()?, milliseconds(row)));
        Line::new(&name, rows.iter().filter_map(point).collect())
    };
    let measured = peaks.iter().enumerate().map(|(index, peak)| {
        line(threads(peak), &|row| row.times.get(index).map_or(f64::NAN, |t| 1e3 * t.median()))
    });
    let at_peak = peaks.iter().map(|peak| {
        let name = format!("{} at the peak", threads(peak));
        line(name, &|row| row.flops as f64 / peak.gflops / 1e6).thin()
    });
    LinePlot::new(name, name, "ms a step", measured.chain(at_peak).collect()).log().log_x()
}

/// A number with three digits that count.
fn digits(value: f64) -> String {
    let before = value.abs().log10().floor();
    let after = if before.is_finite() { (2.0 - before).clamp(0.0, 6.0) } else { 0.0 };
    format!("{value:.0$}", after as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> Row {
        let mut times = Times::default();
        times.add(0.0, || _ = std::hint::black_box(std::time::Instant::now()));
        Row { name: name.into(), flops: 1000, times: vec![times.clone(), times] }
    }

    fn peaks() -> [Peak; 2] {
        [1, 2].map(|threads| Peak { threads, gflops: 1e-3, read: 10.0, triad: 9.0 })
    }

    #[test]
    fn tables_have_a_cell_for_every_column() {
        let table = step_table("width", &[row("64"), row("128")], &peaks());
        let cells: Vec<_> = table.lines().map(|line| line.matches('|').count()).collect();
        assert_eq!(cells, [9; 4], "{table}");
        assert!(table.starts_with("| width | GFLOP a step | 1 thread, ms |"), "{table}");
        let rates = peak_table(&peaks());
        assert!(rates.ends_with("| 2 | 0 | 10.0 | 9.0 |\n"), "{rates}");
    }

    #[test]
    fn products_of_a_workload_are_added_up() {
        let timed = crate::products().into_iter().map(|product| (product, Times::default()));
        let table = product_table(&timed.collect::<Vec<_>>(), &peaks()[0]);
        assert_eq!(table.matches(", all**").count(), 2, "{table}");
        assert!(table.contains("| step forward | 32 × 256 × 1024 | 128 |"), "{table}");
    }

    #[test]
    fn the_plot_has_lines_for_both() {
        let svg = plot(&[("width", vec![row("64"), row("128")])], &peaks()).unwrap();
        for word in ["1 thread", "2 threads", "2 threads at the peak", "width", "64", "128"] {
            assert!(svg.lines().any(|line| line.trim() == word), "{word} in {svg}");
        }
    }

    #[test]
    fn three_digits_count() {
        assert_eq!(
            [0.01234, 1.234, 12.34, 123.4, 1234.0].map(digits),
            ["0.0123", "1.23", "12.3", "123", "1234"]
        );
        assert_eq!(digits(0.0), "0");
    }
}
