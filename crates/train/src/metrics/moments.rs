//! Mean and variance of a stream of numbers.

use serde::{Deserialize, Serialize};

/// Welford's sums (1962), which stay exact whatever the mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Those of `count` numbers with this sum and sum of squares.
    pub(super) fn from_sums(count: u64, sum: f64, squares: f64) -> Self {
        let count = count as f64;
        let mean = if count > 0.0 { sum / count } else { 0.0 };
        Self { count, mean, squares: (squares - sum * mean).max(0.0) }
    }

    pub(super) fn add(&mut self, x: f64) {
        self.count += 1.0;
        let before = x - self.mean;
        self.mean += before / self.count;
        self.squares += before * (x - self.mean);
    }

    /// How many numbers there are.
    pub(super) fn count(&self) -> f64 {
        self.count
    }

    /// `Σ(x - mean)²`.
    pub(super) fn squares(&self) -> f64 {
        self.squares
    }
}

/// `1 - unexplained / total`. Where the targets are constant: 1 if nothing is unexplained, else 0.
pub(super) fn explained_part(unexplained: f64, total: f64) -> f64 {
    if total == 0.0 && !unexplained.is_nan() {
        f64::from(u8::from(unexplained == 0.0))
    } else {
        1.0 - unexplained / total
    }
}
