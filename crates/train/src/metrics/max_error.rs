//! The largest error.

use super::column::Column;
use super::{Metric, Of};

/// The largest `|prediction - target|` of all outputs.
pub(super) const MAX_ERROR: Metric =
    Metric { name: "max_error", larger_is_better: false, of: Of::Output(Column::largest, largest) };

/// The largest of all outputs; NaN if any is.
fn largest(columns: &[Column], score: fn(&Column) -> f64) -> f64 {
    let larger = |a: f64, b: f64| if b <= a || a.is_nan() { a } else { b };
    columns.iter().map(score).reduce(larger).unwrap_or(f64::NAN)
}
