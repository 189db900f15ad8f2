//! Mean and variance of a stream of numbers.

/// Welford's sums (1962), which stay exact whatever the mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    pub(super) fn add(&mut self, x: f64) {
        self.count += 1.0;
        let before = x - self.mean;
        self.mean += before / self.count;
        self.squares += before * (x - self.mean);
    }

    /// `Σ(x - mean)²`.
    pub(super) fn squares(&self) -> f64 {
        self.squares
    }
}

/// `1 - unexplained / total` of several outputs, averaged. Where the targets are constant: 1 if
/// nothing is unexplained, else 0.
pub(super) fn explained(outputs: impl ExactSizeIterator<Item = (f64, f64)>) -> f64 {
    let count = outputs.len() as f64;
    let fraction = |(unexplained, total): (f64, f64)| {
        if total == 0.0 {
            f64::from(u8::from(unexplained == 0.0))
        } else {
            1.0 - unexplained / total
        }
    };
    outputs.map(fraction).sum::<f64>() / count
}
