//! The table of results by group and operation.

use std::collections::BTreeMap;
use std::fmt;

use crate::case::{Case, Outcome};

#[derive(Default)]
struct Counts {
    passed: usize,
    unsupported: usize,
    failed: usize,
}

/// Results by group and operation, and what went wrong.
#[derive(Default)]
pub struct Report {
    rows: BTreeMap<(String, String), Counts>,
    failures: Vec<String>,
    reasons: BTreeMap<String, usize>,
}

impl Report {
    pub fn add(&mut self, case: &Case, outcome: Outcome) {
        let row = self.rows.entry((case.group.clone(), case.op.clone())).or_default();
        match outcome {
            Outcome::Passed => row.passed += 1,
            Outcome::Unsupported(reason) => {
                row.unsupported += 1;
                *self.reasons.entry(format!("{}: {reason}", case.op)).or_default() += 1;
            }
            Outcome::Failed(why) => {
                row.failed += 1;
                self.failures.push(format!("{}: {why}", case.id));
            }
        }
    }

    pub fn failed(&self) -> usize {
        self.failures.len()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<12} {:<44} {:>7} {:>11} {:>7}",
            "group", "op", "passed", "unsupported", "failed"
        )?;
        let mut total = Counts::default();
        for ((group, op), row) in &self.rows {
            let Counts { passed, unsupported, failed } = row;
            writeln!(f, "{group:<12} {op:<44} {passed:>7} {unsupported:>11} {failed:>7}")?;
            total.passed += passed;
            total.unsupported += unsupported;
            total.failed += failed;
        }
        if !self.reasons.is_empty() {
            writeln!(f, "\nunsupported:")?;
            for (reason, count) in &self.reasons {
                writeln!(f, "  {count:>4} × {reason}")?;
            }
        }
        if !self.failures.is_empty() {
            writeln!(f, "\nfailed:")?;
            for failure in &self.failures {
                writeln!(f, "  {failure}")?;
            }
        }
        let Counts { passed, unsupported, failed } = total;
        writeln!(f, "\n{passed} passed, {failed} failed, {unsupported} skipped")
    }
}
