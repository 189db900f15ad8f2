//! Checks Glassbox against an outside oracle: values and gradients from PyTorch and scikit-learn.
//!
//! The folder comes from `GLASSBOX_ORACLE`, or is `../shared/oracle` beside the checkout; without
//! one the check is skipped with a message. Every case of the index is tried: no case is named
//! here. What Glassbox does not have is counted as unsupported; a wrong value fails the run.
//!
//! ```text
//! GLASSBOX_ORACLE=DIR cargo test -p glassbox --test oracle [-- GROUP-OR-OP…]
//! ```

mod activation;
mod case;
mod clip;
mod conv;
mod dropout;
mod embed;
mod image;
mod init;
mod linear;
mod loss;
mod metrics;
mod norm;
mod optim;
mod pool;
mod report;
mod rnn;
mod sched;
mod train;

use std::path::PathBuf;
use std::process::ExitCode;

use case::{Case, Outcome, Set};
use report::Report;

fn main() -> ExitCode {
    let Some(folder) = folder() else {
        println!("oracle: skipped, no reference values (set GLASSBOX_ORACLE to their folder)");
        println!("0 passed, 0 failed, 1 skipped");
        return ExitCode::SUCCESS;
    };
    let wanted: Vec<_> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let set = match Set::read(&folder) {
        Ok(set) => set,
        Err(error) => {
            println!("oracle: {}: {error}", folder.display());
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::default();
    for case in set.cases() {
        let name = format!("{} {}", case.id, case.op);
        if wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str())) {
            report.add(&case, outcome(&case));
        }
    }
    println!("oracle: {}", folder.display());
    print!("{report}");
    if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The reference values, where there are any.
fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("GLASSBOX_ORACLE") {
        return Some(folder.into());
    }
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oracle"));
    beside.join("index.json").is_file().then_some(beside)
}

/// Computes the case and compares; a panic on the way is a failure, not the end of the run.
fn outcome(case: &Case) -> Outcome {
    let run = || match compute(case) {
        Ok(computed) => case.compare(computed),
        Err(reason) => Outcome::Unsupported(reason),
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Outcome::Failed(format!("panicked: {}", text.unwrap_or("?")))
    })
}

/// Which file knows the case's operation.
fn compute(case: &Case) -> case::Computed {
    match case.group.as_str() {
        "optim" => optim::compute(case),
        "sched" => sched::compute(case),
        "train" => train::compute(case),
        "init" => init::compute(case),
        "clip" => clip::compute(case),
        "metrics" => metrics::compute(case),
        "dropout" => dropout::compute(case),
        "op_db" if case.op == "nn.functional.layer_norm" => norm::layer_norm_function(case),
        "op_db" | "resize" | "attention" => Err("no such operation".into()),
        _ => match case.op.strip_prefix("nn.").unwrap_or(&case.op) {
            "Linear" => linear::compute(case),
            "Embedding" => embed::compute(case),
            op if ["RNN", "GRU", "LSTM"].iter().any(|cell| op.starts_with(cell)) => {
                rnn::compute(case)
            }
            op if op.starts_with("Conv") => conv::compute(case),
            op if op.contains("Pool") => pool::compute(case),
            op if op.contains("Norm") => norm::compute(case),
            op if op.ends_with("Loss") => loss::compute(case),
            _ => activation::compute(case),
        },
    }
}
