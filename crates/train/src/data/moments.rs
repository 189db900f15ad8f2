//! Range, mean and deviation of numbers in one pass.

use super::dataset::{Dataset, InputStore};
use super::statistics::Distribution;

/// Sums in double precision relative to the first value, so that a large mean does not drown a small
/// deviation.
#[derive(Clone, Default)]
pub(super) struct Moments {
    count: u64,
    first: f64,
    sum: f64,
    squares: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Moments {
    pub(super) fn add(&mut self, value: f64) {
        self.add_times(value, 1);
    }

    /// Adds a value so many times.
    pub(super) fn add_times(&mut self, value: f64, times: u64) {
        if self.count == 0 {
            (self.first, self.min, self.max) = (value, value, value);
        }
        let (difference, times_exact) = (value - self.first, times as f64);
        self.count += times;
        self.sum += difference * times_exact;
        self.squares += difference * difference * times_exact;
        (self.min, self.max) = (self.min.min(value), self.max.max(value));
    }

    pub(super) fn mean(&self) -> f64 {
        self.first + self.sum / self.count.max(1) as f64
    }

    /// The population standard deviation.
    pub(super) fn deviation(&self) -> f64 {
        let count = self.count.max(1) as f64;
        let variance = (self.squares - self.sum * self.sum / count) / count;
        variance.max(0.0).sqrt()
    }

    pub(super) fn distribution(&self) -> Distribution {
        let (mean, std) = (self.mean(), self.deviation());
        Distribution { min: self.min, max: self.max, mean, std }
    }

    /// Those of the `items` of a data set, whose values are of `width` columns in turn.
    pub(super) fn of_inputs(
        dataset: &Dataset,
        items: impl Iterator<Item = usize>,
        width: usize,
    ) -> Vec<Self> {
        let size = dataset.item_shape().elements();
        let mut moments = vec![Self::default(); width];
        match dataset.inputs() {
            InputStore::U8 { values, unit } => {
                let mut histogram = vec![[0u64; 256]; width];
                for item in items {
                    for row in values[item * size..][..size].chunks_exact(width) {
                        row.iter().zip(&mut histogram).for_each(|(&v, h)| h[usize::from(v)] += 1);
                    }
                }
                for (moments, histogram) in moments.iter_mut().zip(&histogram) {
                    for (value, &times) in (0u8..=255).zip(histogram).filter(|(_, t)| **t > 0) {
                        moments.add_times(f64::from(f32::from(value) / unit), times);
                    }
                }
            }
            InputStore::F32(values) => {
                for item in items {
                    for row in values[item * size..][..size].chunks_exact(width) {
                        moments.iter_mut().zip(row).for_each(|(m, &v)| m.add(f64::from(v)));
                    }
                }
            }
            InputStore::F64(values) => {
                for item in items {
                    for row in values[item * size..][..size].chunks_exact(width) {
                        moments.iter_mut().zip(row).for_each(|(m, &v)| m.add(v));
                    }
                }
            }
        }
        moments
    }
}
